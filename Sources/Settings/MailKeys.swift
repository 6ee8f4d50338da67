extension SettingKey {
    /// Every setting of `[mail]`.
    static let mail: [SettingKey] = [
        SettingKey(
            "mail.domain",
            .text,
            standard: nil,
            otherwise: "required",
            "The service's own mail domain: Postfix's `mydomain`."
        ),
        SettingKey(
            "mail.hostname",
            .text,
            standard: nil,
            otherwise: "`ip-10-0-1-10.DOMAIN`",
            """
            Postfix's `myhostname`. Without this setting, the relay greets other servers (`smtp_helo_name`) with \
            the name that DNS has for its public address, if that name leads back to the address.
            """
        ),
        SettingKey(
            "mail.destinations",
            .list,
            standard: .list([]),
            "Domains that this node delivers itself, in addition to its own host name: Postfix's `mydestination`."
        ),
        SettingKey(
            "mail.networks",
            .list,
            standard: .list(["vpc"]),
            """
            Networks whose mail is relayed, in addition to loopback: `"vpc"`, `"subnet"`, or networks in CIDR \
            form.
            """
        ),
        SettingKey(
            "mail.allow_public_networks",
            .list,
            standard: .list([]),
            "Public ranges wider than /24 or /48 that `mail.networks` may name."
        ),
        SettingKey(
            "mail.allow_private_networks",
            .list,
            standard: .list([]),
            "Whole private ranges, such as `10.0.0.0/8`, that `mail.networks` may name."
        ),
        SettingKey(
            "mail.network_table",
            .text,
            standard: .text("auto"),
            """
            Whether the networks are written to `/etc/postfix/network_table`: `always`, `never`, or `auto` (if \
            there are more than eight).
            """
        ),
        SettingKey(
            "mail.transport",
            .pairs("domain", "nexthop"),
            standard: .list([]),
            """
            Domains whose mail goes to a host of its own: one table `[[mail.transport]]` with `domain` and \
            `nexthop` for each. In a variable, tag or flag: `example.com=[mx.internal]:25,...`.
            """
        ),
        SettingKey(
            "mail.upstream.host",
            .text,
            standard: nil,
            otherwise: "none",
            """
            The smarthost that all mail goes to, such as `email-smtp.eu-central-1.amazonaws.com`. Its TLS \
            certificate is verified.
            """
        ),
        SettingKey(
            "mail.upstream.port",
            .number,
            standard: .number(587),
            "The smarthost's port. On port 465, TLS starts at once."
        ),
        SettingKey(
            "mail.upstream.username",
            .text,
            standard: nil,
            otherwise: "none",
            "The user name for the smarthost."
        ),
        SettingKey(
            "mail.upstream.password_file",
            .text,
            standard: nil,
            otherwise: "none",
            """
            The file with the password for the smarthost. Root owns it, with mode 600. A new password takes effect \
            at once.
            """
        ),
        SettingKey(
            "mail.upstream.password_parameter",
            .text,
            standard: nil,
            otherwise: "none",
            """
            Instead of the file: the SSM parameter (SecureString) with the password. It is read at every fifth \
            `reconcile.interval`.
            """
        ),
        SettingKey(
            "mail.message_size_limit",
            .number,
            standard: nil,
            otherwise: "Postfix's",
            "The largest message in bytes. 0 means no limit."
        ),
        SettingKey(
            "mail.maximal_queue_lifetime",
            .text,
            standard: nil,
            otherwise: "Postfix's",
            "How long Postfix tries to deliver a message, such as `5d`."
        ),
        SettingKey(
            "mail.bounce_queue_lifetime",
            .text,
            standard: nil,
            otherwise: "Postfix's",
            "How long Postfix tries to deliver a non-delivery report."
        ),
        SettingKey(
            "mail.default_destination_concurrency_limit",
            .number,
            standard: nil,
            otherwise: "Postfix's",
            "The largest number of connections to one destination. 0 means no limit."
        ),
        SettingKey(
            "mail.default_destination_rate_delay",
            .text,
            standard: nil,
            otherwise: "Postfix's",
            "The pause between two messages to one destination, such as `1s`."
        ),
        SettingKey(
            "mail.hide_internal_headers",
            .boolean,
            standard: .boolean(false),
            "Whether the names and addresses of internal hosts are removed from `Received` headers of outgoing mail."
        ),
        SettingKey(
            "mail.submission",
            .boolean,
            standard: .boolean(false),
            "Whether mail is also accepted on port 587, from the same senders as on port 25."
        ),
        SettingKey(
            "mail.proxy_protocol",
            .boolean,
            standard: .boolean(false),
            """
            Whether the load balancers send the senders' own addresses by the PROXY protocol. Switch it on at the \
            load balancers, too.
            """
        ),
        SettingKey(
            "mail.tls.certificate",
            .text,
            standard: nil,
            otherwise: "none",
            "The file with the certificate chain (PEM) for senders. With it, senders may use TLS."
        ),
        SettingKey(
            "mail.tls.key",
            .text,
            standard: nil,
            otherwise: "none",
            "The file with the certificate's key (PEM). Not every user may read it."
        ),
        SettingKey(
            "mail.tls.outbound_level",
            .text,
            standard: .text("may"),
            """
            TLS for outgoing mail, in Postfix's words: `none`, `may`, `encrypt`, `dane`, `dane-only`, \
            `fingerprint` (set `smtp_tls_fingerprint_cert_match` in `main.cf` yourself), `verify`, `secure`.
            """
        ),
    ]
}
