import Vocabulary

extension SettingKey {
    /// Every setting of `[mail]`.
    static let mail: [SettingKey] = [
        SettingKey(
            "mail.domain",
            .text,
            .domain,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "required",
            "The service's own mail domain: Postfix's `mydomain`."
        ),
        SettingKey(
            "mail.hostname",
            .text,
            .domain,
            from: .fleetAndTags,
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
            .domain,
            from: .fleet,
            standard: .list([]),
            "Domains that this node delivers itself, in addition to its own host name: Postfix's `mydestination`."
        ),
        SettingKey(
            "mail.networks",
            .list,
            .allowedNetwork,
            from: .fleet,
            standard: .list(["vpc"]),
            """
            Networks whose mail is relayed, in addition to loopback: `"vpc"`, `"subnet"`, or networks in CIDR \
            form.
            """
        ),
        SettingKey(
            "mail.allow_public_networks",
            .list,
            .network,
            from: .fleet,
            standard: .list([]),
            "Public ranges wider than /24 or /48 that `mail.networks` may name."
        ),
        SettingKey(
            "mail.allow_private_networks",
            .list,
            .network,
            from: .fleet,
            standard: .list([]),
            "Whole private ranges, such as `10.0.0.0/8`, that `mail.networks` may name."
        ),
        SettingKey(
            "mail.network_table",
            .text,
            .words(NetworkTable.self),
            from: .fleetAndTags,
            standard: .text("auto"),
            """
            Whether the networks are written to `/etc/postfix/network_table`: `always`, `never`, or `auto` (if \
            there are more than eight).
            """
        ),
        SettingKey(
            "mail.transport",
            .pairs("domain", "nexthop"),
            .transport,
            from: .fleet,
            standard: .list([]),
            """
            Domains whose mail goes to a host of its own: one table `[[mail.transport]]` with `domain` and \
            `nexthop` for each. In a variable, tag or flag: `example.com=[mx.internal]:25,...`.
            """
        ),
        SettingKey(
            "mail.destination",
            .receivingDomains,
            .receivingDomain,
            from: .fleet,
            standard: .list([]),
            """
            Pace and TLS of the mail to a receiving domain: one table `[[mail.destination]]` with `domain`, and with \
            `concurrency` (connections at the same time, 1 to 100) or `rate` (messages in a second, minute, hour or day: \
            `1/s`, `30/m`, `600/h`, `5000/d`), or with `tls` (as `mail.tls.outbound_level`, but not `fingerprint`), or with \
            both. Each relay keeps the pace for itself, in whole seconds between two messages: `50/m` is one message every \
            2 s. A leaving relay keeps none. In a variable or flag: `example.com=rate:30/m;tls:encrypt`.
            """
        ),
        SettingKey(
            "mail.dkim",
            .signingKeys,
            .signingKey,
            from: .fleet,
            standard: .list([]),
            """
            Keys that sign outgoing mail (DKIM): one table `[[mail.dkim]]` with `domain`, `selector`, and either \
            `key_file` (root owns it, with mode 600) or `key_parameter` (SSM, SecureString) for each. A key signs the mail \
            whose `From` has its domain or a subdomain. `dkim generate` makes one, `dkim record` prints its DNS record. In a \
            variable or flag: `example.com=relay2026:/etc/dkim.pem` or `example.com=relay2026:ssm:/smtp-relay/dkim`.
            """
        ),
        SettingKey(
            "mail.dkim_required",
            .boolean,
            from: .fleet,
            standard: .boolean(true),
            """
            Whether mail is put off (451) and the health check answers 503 while the signer does not answer. Otherwise mail \
            goes out unsigned meanwhile.
            """
        ),
        SettingKey(
            "mail.allow_unpublished_dkim",
            .boolean,
            from: .fleet,
            standard: .boolean(false),
            """
            Whether a node joins its load balancers also while its DKIM signatures do not verify against the public keys in             DNS, and signs with keys that are not published yet.
            """
        ),
        SettingKey(
            "mail.upstream.host",
            .text,
            .domain,
            from: .fleet,
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
            .integer(1...65535),
            from: .fleet,
            standard: .number(587),
            "The smarthost's port. On port 465, TLS starts at once."
        ),
        SettingKey(
            "mail.upstream.username",
            .text,
            .userName,
            from: .fleet,
            standard: nil,
            otherwise: "none",
            "The user name for the smarthost."
        ),
        SettingKey(
            "mail.upstream.password_file",
            .text,
            .path,
            from: .fleet,
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
            .parameterName,
            from: .fleet,
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
            .integer(0...Int(Int32.max)),
            from: .fleetAndTags,
            standard: nil,
            otherwise: "Postfix's",
            "The largest message in bytes. 0 means no limit."
        ),
        SettingKey(
            "mail.maximal_queue_lifetime",
            .text,
            .postfixTime,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "Postfix's",
            "How long Postfix tries to deliver a message, such as `5d`."
        ),
        SettingKey(
            "mail.bounce_queue_lifetime",
            .text,
            .postfixTime,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "Postfix's",
            "How long Postfix tries to deliver a non-delivery report."
        ),
        SettingKey(
            "mail.default_destination_concurrency_limit",
            .number,
            .integer(0...10_000),
            from: .fleetAndTags,
            standard: nil,
            otherwise: "Postfix's",
            "The largest number of connections to one destination. 0 means no limit."
        ),
        SettingKey(
            "mail.default_destination_rate_delay",
            .text,
            .postfixTime,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "Postfix's",
            "The pause between two messages to one destination, such as `1s`."
        ),
        SettingKey(
            "mail.hide_internal_headers",
            .boolean,
            from: .fleetAndTags,
            standard: .boolean(false),
            "Whether the names and addresses of internal hosts are removed from `Received` headers of outgoing mail."
        ),
        SettingKey(
            "mail.submission",
            .boolean,
            from: .fleetAndTags,
            standard: .boolean(false),
            "Whether mail is also accepted on port 587, from the same senders as on port 25."
        ),
        SettingKey(
            "mail.proxy_protocol",
            .boolean,
            from: .fleet,
            standard: .boolean(false),
            """
            Whether the load balancers send the senders' own addresses by the PROXY protocol. Switch it on at the \
            load balancers, too.
            """
        ),
        SettingKey(
            "mail.tls.certificate",
            .text,
            .path,
            from: .fleet,
            standard: nil,
            otherwise: "none",
            "The file with the certificate chain (PEM) for senders. With it, senders may use TLS."
        ),
        SettingKey(
            "mail.tls.key",
            .text,
            .path,
            from: .fleet,
            standard: nil,
            otherwise: "none",
            "The file with the certificate's key (PEM). Not every user may read it."
        ),
        SettingKey(
            "mail.tls.outbound_level",
            .text,
            .words(TLSLevel.self),
            from: .fleet,
            standard: .text("may"),
            """
            TLS for outgoing mail, in Postfix's words: `none`, `may`, `encrypt`, `dane`, `dane-only`, \
            `fingerprint` (set `smtp_tls_fingerprint_cert_match` in `main.cf` yourself), `verify`, `secure`.
            """
        ),
    ]
}
