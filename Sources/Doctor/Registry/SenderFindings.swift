extension FindingKind {
    static let ofOneSender: [FindingKind] = [
        senderStoppedBySecurityGroup, senderStoppedByNetworkACL, senderNotInNetworks, senderByIPv6Only,
        senderRefusedByRelay,
    ]

    static let ofSenderHost: [FindingKind] = [
        relayhostIsThisHost, relayhostUnknown, relayhostUnreachable, relayhostOverridden, relayRefusesThisHost,
    ]

    static let senderStoppedBySecurityGroup = FindingKind(
        "sender-stopped-by-security-group",
        .critical,
        seen: "A security group on the way does not let the sender in.",
        why: "its connections to that port time out",
        cure: "aws ec2 authorize-security-group-ingress",
        follows: [.same(loadBalancerClosed)],
        isMetric: false
    )

    static let senderStoppedByNetworkACL = FindingKind(
        "sender-stopped-by-network-acl",
        .critical,
        seen: "A network ACL on the way does not let the sender in.",
        why: "its connections to that port time out",
        cure: "aws ec2 create-network-acl-entry",
        isMetric: false
    )

    static let senderNotInNetworks = FindingKind(
        "sender-not-in-networks",
        .critical,
        seen: "The address that Postfix sees for the sender is in none of mail.networks.",
        why: "Postfix answers it 'Relay access denied'",
        cure: "add its range to mail.networks, then: smtp-relay-agent reconcile",
        isMetric: false
    )

    static let senderByIPv6Only = FindingKind(
        "sender-by-ipv6-only",
        .critical,
        seen: "The sender has an IPv6 address, and Postfix speaks IPv4 alone.",
        why: "the sender can't reach this node by that address",
        cure: "have the sender use IPv4; or: aws ec2 assign-ipv6-addresses, then smtp-relay-agent reconcile",
        isMetric: false
    )

    static let senderRefusedByRelay = FindingKind(
        "sender-refused-by-relay",
        .critical,
        seen: "Postfix refuses the sender's mail when it is asked.",
        why: "its mail is refused",
        cure: "postconf mynetworks smtpd_relay_restrictions smtpd_recipient_restrictions smtpd_client_restrictions",
        follows: [
            .same(senderNotInNetworks), .any(refusesOwnSenders), .any(smtpNoAnswer), .any(serviceDown), .any(diskFull),
        ],
        isMetric: false
    )

    static let relayhostIsThisHost = FindingKind(
        "relayhost-is-this-host",
        .critical,
        seen: "sender.relayhost leads to this host itself.",
        why: "all mail of this host waits in its queue",
        cure: "correct sender.relayhost, then: smtp-relay-agent reconcile"
    )

    static let relayhostUnknown = FindingKind(
        "relayhost-unknown",
        .critical,
        seen: "sender.relayhost has no address.",
        why: "all mail of this host waits in its queue",
        cure: "correct sender.relayhost, or /etc/resolv.conf; then: smtp-relay-agent reconcile",
        follows: [.any(dnsNoServer), .any(dnsNoAnswer)]
    )

    static let relayhostUnreachable = FindingKind(
        "relayhost-unreachable",
        .critical,
        seen: "No relay answers at sender.relayhost.",
        why: "all mail of this host waits in its queue",
        cure:
            "let this host into the load balancer's security group; on a relay: smtp-relay-agent doctor --from ADDRESS"
    )

    static let relayhostOverridden = FindingKind(
        "relayhost-overridden",
        .warning,
        seen: "Settings of Postfix send some mail another way than by the relays.",
        why: "that mail goes past the relays, which is right only where it is meant so",
        cure: "postconf -n; if it is not meant so, take that setting out, and: postfix reload"
    )

    static let relayRefusesThisHost = FindingKind(
        "relay-refuses-this-host",
        .critical,
        seen: "The relays refuse this host's mail.",
        why: "the relays take mail of the networks in their mail.networks, and this host is in none of them",
        cure: "on the relays, add this host's address to mail.networks, then: smtp-relay-agent reconcile"
    )
}
