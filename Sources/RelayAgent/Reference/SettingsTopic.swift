import Settings

extension HelpTopic {
    static let settings = HelpTopic(
        name: "settings",
        abstract: "every setting, its default, and its names in the file, the environment and the tags",
        introduction: [
            """
            Settings come from these sources; the first one that has a value wins: `--set KEY=VALUE`, the environment, the \
            instance's tags, the file `/etc/smtp-relay-agent/config.toml` (`--config` or `SMTP_RELAY_CONFIG` names another \
            one), the default. An unknown key is an error in every source.
            """,
            """
            `bootstrap` keeps the flags and variables that it was given in `/etc/smtp-relay-agent/environment`, for all later \
            passes. It does not keep keys and passwords of AWS.
            """,
            """
            The file is TOML. In a variable, tag or flag, commas separate the items of a list. A duration is a number with \
            `s`, `m` or `h`, such as `90s`. The variables of AWS's own tools count, too: `AWS_EC2_METADATA_SERVICE_ENDPOINT`, \
            `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_CA_BUNDLE`, `HTTPS_PROXY`, `NO_PROXY`, \
            `AWS_ACCESS_KEY_ID` and the others of its kind.
            """,
            """
            If the relay and the senders have the same domain, non-delivery reports go to the relay, or go round in circles. \
            So name the host that has the mailboxes: `[[mail.transport]]` with `domain = "example.com"` and \
            `nexthop = "[mailbox.example.com]:25"`. Strangers cannot send there through the relay.
            """,
        ],
        columns: ["setting", "", "default", "environment", "tag"],
        rows: SettingKey.all.map { key in
            let tag = key.precedesTags ? "" : "`\(key.tag)`"
            return ["`\(key.name)`", key.summary, key.fallback, "`\(key.variable)`", tag]
        }
    )
}
