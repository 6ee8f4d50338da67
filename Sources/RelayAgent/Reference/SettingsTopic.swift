import Settings

extension HelpTopic {
    static let settings = HelpTopic(
        name: "settings",
        abstract: "every setting, its default, and its names in the file, the environment and the tags",
        introduction: [
            """
            Settings come from these sources; the first one that has a value wins: `--set KEY=VALUE`, the environment, the \
            file `/etc/smtp-relay-agent/config.toml` (`--config` or `SMTP_RELAY_CONFIG` names another one), the settings of \
            the fleet (`fleet.settings`), the instance's tags, the default. An unknown key is an error in every source.
            """,
            """
            A tag only supplies a value that nothing else sets, and never one that decides where mail goes or who may relay: \
            such settings have no tag here. A tag that is wrong is left out, and each pass reports it. A new node does not \
            come into service with one. A host name in a tag has to lie below `mail.domain`, which another source then sets.
            """,
            """
            The settings of the fleet have the form of the file. They may set everything but `role`, `[sender]`, \
            `[metadata]`, `[fleet]` and `bootstrap.timeout`, which each host needs before it can read them. \
            `smtp-relay-agent config schema` prints a JSON Schema of all settings, for editors.
            """,
            """
            `bootstrap` keeps the flags and variables that it was given in `/etc/smtp-relay-agent/environment`, for all later \
            passes. It does not keep keys and passwords of AWS.
            """,
            """
            The file is TOML. In a variable, tag or flag, commas separate the items of a list. A duration is a number with \
            `s`, `m` or `h`, such as `90s`. The variables of AWS's own tools count, too: `AWS_EC2_METADATA_SERVICE_ENDPOINT` and \
            `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`, \
            `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_CA_BUNDLE`, `HTTPS_PROXY`, `NO_PROXY`, \
            `AWS_ACCESS_KEY_ID` and the others of its kind. The files in `~/.aws` do not count.
            """,
            """
            `NO_PROXY` has names (`example.com`, `.example.com`, `*.example.com`: the name and all below it), addresses and \
            ranges, each also with a port, and `*`. The log names an entry that has another form. Metadata and loopback are \
            never reached through a proxy. A proxy is an `http://` address.
            """,
            """
            If the relay and the senders have the same domain, non-delivery reports go to the relay, or go round in circles. \
            So name the host that has the mailboxes: `[[mail.transport]]` with `domain = "example.com"` and \
            `nexthop = "[mailbox.example.com]:25"`. Strangers cannot send there through the relay.
            """,
        ],
        columns: ["setting", "", "default", "environment", "tag"],
        rows: SettingKey.all.map { key in
            let tag = key.suppliers == .fleetAndTags ? "`\(key.tag)`" : ""
            return ["`\(key.name)`", key.summary, key.fallback, "`\(key.variable)`", tag]
        }
    )
}
