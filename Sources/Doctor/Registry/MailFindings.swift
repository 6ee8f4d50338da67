extension FindingKind {
    static let ofMail: [FindingKind] = [
        passwordUnreadable, smarthostUnknown, smarthostUnreachable, smarthostNotVerified, smarthostRefusesLogin,
        bouncesThroughSES, outbound25Blocked, deliveriesDeferred, deliveriesBounced, tlsFailures, mailDeferred,
        mailOnHold, mailLogSuppressed, relayAccessDenied, senderOverLimit,
    ]

    /// The ways in which a look-up of names fails.
    private static let lookups: [Cause] = [.any(dnsNoServer), .any(dnsNoAnswer)]

    /// The findings that close the way to the internet.
    private static let closedWays: [Cause] = [
        .any(noRouteToInternet), .any(instanceEgressClosed), .any(networkACLBlocksMail),
    ]

    private static let smarthosts: [Cause] = [
        .any(smarthostUnknown), .any(smarthostUnreachable), .any(smarthostNotVerified), .any(smarthostRefusesLogin),
    ]

    static let passwordUnreadable = FindingKind(
        "password-unreadable",
        .warning,
        seen: "The SSM parameter or the file with the smarthost's password can't be read.",
        why: "Postfix goes on with the former password; a new node can't start, and a changed password is not taken up",
        cure: "allow the action that the finding names in the policy of the instance's role, or correct the parameter",
        follows: [.any(clockWrong)]
    )

    static let smarthostUnknown = FindingKind(
        "smarthost-unknown",
        .critical,
        seen: "The smarthost's name has no address.",
        why: "all mail is handed to that host, so none is delivered",
        cure: "postconf relayhost; correct mail.upstream.host, then: smtp-relay-agent reconcile",
        follows: lookups
    )

    static let smarthostUnreachable = FindingKind(
        "smarthost-unreachable",
        .critical,
        seen: "The smarthost does not answer.",
        why: "all mail is handed to that host, so none is delivered",
        cure: "check that this instance's security groups and routes let it reach the smarthost's port",
        follows: lookups + closedWays
    )

    static let smarthostNotVerified = FindingKind(
        "smarthost-not-verified",
        .critical,
        seen: "The smarthost's certificate does not prove its name.",
        why: "a host that can't prove to be the smarthost gets no password and no mail, so all mail waits",
        cure: "openssl s_client -connect HOST:PORT -starttls smtp -verify_hostname HOST",
        follows: [.any(clockWrong)]
    )

    static let smarthostRefusesLogin = FindingKind(
        "smarthost-refuses-login",
        .critical,
        seen: "The smarthost refuses the user or the password. The doctor logs in as Postfix does, and sends nothing.",
        why: "it takes no mail of this node, so all mail waits in the queue",
        cure: "correct the password or the user, then: smtp-relay-agent reconcile; postqueue -f",
        follows: [.any(passwordUnreadable)]
    )

    static let bouncesThroughSES = FindingKind(
        "bounces-through-ses",
        .info,
        seen: "Non-delivery reports go to Amazon SES, which refuses mail without a sender.",
        why: "senders are not told that their mail could not be delivered",
        cure: "a [[mail.transport]] for the service's own domain",
        isMetric: false
    )

    static let outbound25Blocked = FindingKind(
        "outbound-25-blocked",
        .critical,
        seen: "Connections to port 25 of several public mail servers time out, and none succeeds.",
        why: "nothing is delivered; by default AWS blocks what instances send to port 25 of the internet",
        cure: "send by a smarthost on port 587, such as Amazon SES, or ask AWS to lift the restriction",
        follows: closedWays
    )

    static let deliveriesDeferred = FindingKind(
        "deliveries-deferred",
        .critical,
        .warning,
        .info,
        seen: "Deliveries of the last hour were put off (4xx).",
        why: "that mail waits in the queue, and goes back to its sender in the end",
        cure: "mailq",
        follows: [.any(outbound25Blocked)] + smarthosts + closedWays + lookups
    )

    static let deliveriesBounced = FindingKind(
        "deliveries-bounced",
        .critical,
        .warning,
        .info,
        seen: "Deliveries of the last hour were refused for good (5xx).",
        why: "that mail went back to its sender",
        cure: "journalctl -u postfix | grep status=bounced"
    )

    static let mailLogSuppressed = FindingKind(
        "mail-log-suppressed",
        .warning,
        seen: "journald has dropped lines of the mail log, since Postfix wrote too many at once.",
        why: "'trace' does not find all mail, and the metrics of deliveries count too little; no mail is lost by it",
        cure: """
            set RateLimitBurst=100000 below [Journal] in /etc/systemd/journald.conf, then: systemctl restart systemd-journald
            """
    )

    static let tlsFailures = FindingKind(
        "tls-failures",
        .warning,
        .info,
        seen: "TLS handshakes of the last hour failed.",
        why: "that mail is sent in the clear, or not at all where TLS is required",
        cure: "postconf -n | grep tls",
        follows: [.any(clockWrong), .any(smarthostNotVerified)]
    )

    static let mailDeferred = FindingKind(
        "mail-deferred",
        .warning,
        .info,
        seen: "Messages wait in the queue.",
        why: "they are not delivered yet; after maximal_queue_lifetime they go back to their senders",
        cure: "mailq; once the cause is mended: postqueue -f",
        follows: [.any(outbound25Blocked)] + smarthosts + closedWays + lookups + [.any(deliveriesDeferred)]
    )

    static let mailOnHold = FindingKind(
        "mail-on-hold",
        .warning,
        seen: "Messages are on hold.",
        why: "nothing delivers them until they are released",
        cure: "postsuper -H ALL"
    )

    static let relayAccessDenied = FindingKind(
        "relay-access-denied",
        .critical,
        .warning,
        .info,
        seen: "Postfix refused hosts with 'Relay access denied' in the last hour; the finding says which range to add.",
        why: "mail of that host is refused",
        cure: "add its range to mail.networks, then: smtp-relay-agent reconcile",
        follows: [.same(senderNotInNetworks)]
    )
}
