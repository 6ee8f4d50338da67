import Vocabulary

extension SettingKey {
    /// The settings of who may send as whom, and as whom mail leaves.
    static let senders: [SettingKey] = [
        SettingKey(
            "mail.senders",
            .list,
            .mailSender,
            from: .fleet,
            standard: .list([]),
            """
            Who mail may be from: `example.com` (without its subdomains), `.example.com` (its subdomains alone) or \
            `billing@example.org`. It counts for the envelope's sender and for each address of `From`; other mail gets \
            `550 5.7.1`. Bounces pass, and so does mail of the relay's own host. Without it, anybody may send as anybody.
            """
        ),
        SettingKey(
            "mail.senders_mode",
            .text,
            .words(SenderRules.Mode.self),
            from: .fleet,
            standard: .text("enforce"),
            """
            `enforce` refuses other senders. `warn` only reports them, in the log of the signer and in a metric. `plan` lists \
            the envelope's senders of the last day that would be refused.
            """
        ),
        SettingKey(
            "mail.client",
            .pairs("network", "senders"),
            .clientSenders,
            from: .fleet,
            standard: .list([]),
            """
            Senders of some hosts, in place of `mail.senders`: one table `[[mail.client]]` with `network` and `senders` for \
            each; the smallest network counts. A load balancer has to show the senders' addresses: `mail.proxy_protocol`. In a \
            variable or flag: `10.0.1.0/24=example.com:.example.com,...`.
            """
        ),
        SettingKey(
            "mail.rewrite.masquerade",
            .list,
            .domain,
            from: .fleet,
            standard: .list([]),
            """
            Domains whose hosts are hidden: with `example.com`, mail from `root@web1.example.com` leaves as \
            `root@example.com`. Postfix's `masquerade_domains`, for senders.
            """
        ),
        SettingKey(
            "mail.rewrite.map",
            .pairs("from", "to"),
            .senderMapping,
            from: .fleet,
            standard: .list([]),
            """
            Addresses in place of senders, in the envelope and the headers: one table `[[mail.rewrite.map]]` with `from` (as \
            in `mail.senders`) and `to` (an address) for each. An address comes before a domain, a domain before subdomains. \
            In a variable or flag: `.ec2.internal=ops@example.com,...`.
            """
        ),
    ]
}
