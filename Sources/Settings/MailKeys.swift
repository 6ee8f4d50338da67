extension SettingKey {
    /// Every setting of `[mail]`.
    static let mail: [SettingKey] = [
        SettingKey("mail.domain", .text, standard: nil, "The service's own mail domain: Postfix's mydomain. Required."),
        SettingKey(
            "mail.hostname",
            .text,
            standard: nil,
            "Postfix's myhostname; without it, ip-10-0-1-10.DOMAIN, made of the private address."
        ),
        SettingKey(
            "mail.destinations",
            .list,
            standard: .list([]),
            "Domains delivered on this node, besides its own host name: added to Postfix's mydestination."
        ),
        SettingKey(
            "mail.networks",
            .list,
            standard: .list(["vpc"]),
            "Whose mail is relayed, besides loopback: \"vpc\", \"subnet\" or networks in CIDR form."
        ),
        SettingKey(
            "mail.allow_public_networks",
            .list,
            standard: .list([]),
            "Public ranges wider than /24 or /48 that mail.networks may name all the same."
        ),
        SettingKey(
            "mail.allow_private_networks",
            .list,
            standard: .list([]),
            "Whole private ranges, such as 10.0.0.0/8, that mail.networks may name all the same."
        ),
        SettingKey(
            "mail.network_table",
            .text,
            standard: .text("auto"),
            "Whether the networks stand in a table beside main.cf: always, never, or auto, where they are more than eight."
        ),
        SettingKey(
            "mail.transport",
            .pairs("domain", "nexthop"),
            standard: .list([]),
            "Domains whose mail goes to a host of its own, such as the service's own with its mailboxes."
        ),
        SettingKey("mail.upstream.host", .text, standard: nil, "The smarthost that all mail goes to, such as SES's."),
        SettingKey("mail.upstream.port", .number, standard: .number(587), "Its port; on 465 TLS begins at once."),
        SettingKey("mail.upstream.username", .text, standard: nil, "The user to log in there as."),
        SettingKey(
            "mail.upstream.password_file",
            .text,
            standard: nil,
            "The file with that user's password, which only root may read. A new password is taken up at once."
        ),
        SettingKey(
            "mail.upstream.password_parameter",
            .text,
            standard: nil,
            "In the file's place, the SSM parameter with the password; read at every fifth interval."
        ),
        SettingKey("mail.message_size_limit", .number, standard: nil, "The largest message in bytes; 0 for no limit."),
        SettingKey("mail.maximal_queue_lifetime", .text, standard: nil, "How long a message is tried, such as 5d."),
        SettingKey("mail.bounce_queue_lifetime", .text, standard: nil, "How long a non-delivery report is tried."),
        SettingKey(
            "mail.default_destination_concurrency_limit",
            .number,
            standard: nil,
            "How many connections to one destination there are at most; 0 for no limit."
        ),
        SettingKey(
            "mail.default_destination_rate_delay",
            .text,
            standard: nil,
            "How long to wait between two messages to one destination, such as 1s."
        ),
        SettingKey(
            "mail.hide_internal_headers",
            .boolean,
            standard: .boolean(false),
            "Whether the names and addresses of internal hosts are taken out of Received headers on the way out."
        ),
        SettingKey(
            "mail.submission",
            .boolean,
            standard: .boolean(false),
            "Whether mail is taken on port 587 as well, of the same senders as on port 25."
        ),
        SettingKey(
            "mail.proxy_protocol",
            .boolean,
            standard: .boolean(false),
            "Whether the load balancers tell the senders' own addresses by the PROXY protocol, as they have to be told to."
        ),
        SettingKey(
            "mail.tls.certificate",
            .text,
            standard: nil,
            "The file of the certificate's chain that senders are shown; with it, they may use TLS."
        ),
        SettingKey(
            "mail.tls.key",
            .text,
            standard: nil,
            "The file of that certificate's key, which only root may read."
        ),
        SettingKey(
            "mail.tls.outbound_level",
            .text,
            standard: .text("may"),
            "TLS on the way out, by Postfix's names: none, may, encrypt, dane, dane-only, fingerprint, verify, secure."
        ),
    ]
}
