extension FindingKind {
    static let ofLoadBalancers: [FindingKind] = [
        notInService, noSuchLoadBalancer, noLoadBalancerListener, otherVPC, wrongProtocol, wrongPort,
        unsuitableTargetGroup,
        healthCheckOfMail, wrongHealthCheck, zoneNotEnabled, crossZoneOff, idleTimeoutTooShort, openRelayByLoadBalancer,
        proxyProtocolMismatch, proxyHeaderForgeable, loadBalancerInNetworks, ipv6SendersRefused, handOverRefused,
    ]

    /// Why the agent keeps a node out of a load balancer.
    private static let kept = "the agent does not register this node there, so no mail comes through it"

    static let notInService = FindingKind(
        "not-in-service",
        .critical,
        .info,
        seen: "A load balancer does not call this node in service.",
        why: "no mail comes to it from there",
        cure: "smtp-relay-agent status; smtp-relay-agent probe",
        follows: [
            .any(nodeDrained), .same(noSuchLoadBalancer), .same(otherVPC), .same(zoneNotEnabled),
            .same(openRelayByLoadBalancer), .same(proxyHeaderForgeable), .same(proxyProtocolMismatch),
            .same(unsuitableTargetGroup), .same(wrongHealthCheck), .any(healthCheckFails),
            .same(instanceClosedToLoadBalancer), .same(loadBalancerEgressClosed), .same(networkACLBlocksMail),
            .any(hostFirewall), .any(metadataUnreachable), .any(settingsRefused), .any(configurationRefused),
        ]
    )

    static let noSuchLoadBalancer = FindingKind(
        "no-such-load-balancer",
        .critical,
        seen: "The settings name a load balancer or a target group that does not exist.",
        why: kept,
        cure: "correct load_balancer.classic or load_balancer.target_groups, then: smtp-relay-agent reconcile"
    )

    static let noLoadBalancerListener = FindingKind(
        "no-load-balancer-listener",
        .critical,
        seen: "The load balancer has no listener for mail.",
        why: "no mail comes through it",
        cure: "aws elb create-load-balancer-listeners, or aws elbv2 create-listener"
    )

    static let otherVPC = FindingKind(
        "other-vpc",
        .critical,
        seen: "The load balancer is in another VPC.",
        why: "it can't reach this instance",
        cure: "use a load balancer in this instance's VPC"
    )

    static let wrongProtocol = FindingKind(
        "wrong-protocol",
        .critical,
        seen: "The target group's protocol is not TCP.",
        why: "Postfix speaks plain TCP",
        cure: "make a target group of TCP"
    )

    static let wrongPort = FindingKind(
        "wrong-port",
        .warning,
        seen: "The target group's port is neither 25 nor 587.",
        why: "mail comes in by 25 or 587",
        cure: "make a target group of such a port"
    )

    static let unsuitableTargetGroup = FindingKind(
        "unsuitable-target-group",
        .critical,
        seen: "The target group can't have this instance: its targets are of another type, or IPv6 addresses.",
        why: kept,
        cure: "make a target group of type 'instance' or 'ip'; for IPv6: aws ec2 assign-ipv6-addresses"
    )

    static let healthCheckOfMail = FindingKind(
        "health-check-of-mail",
        .warning,
        seen: "The health check asks Postfix's port.",
        why: "it says nothing of the relay's health, and fills the mail log with connections",
        cure: "set it to HTTP:80/health, with the command that the finding names"
    )

    static let wrongHealthCheck = FindingKind(
        "wrong-health-check",
        .critical,
        seen: "The health check asks another port or path than this node answers.",
        why: "the load balancer takes a healthy node out of service, or keeps a broken one",
        cure: "set it to HTTP:80/health, with the command that the finding names"
    )

    static let zoneNotEnabled = FindingKind(
        "zone-not-enabled",
        .critical,
        seen: "The load balancer is not enabled in this instance's availability zone.",
        why: "it sends this instance nothing",
        cure: "aws elb attach-load-balancer-to-subnets, or aws elbv2 set-subnets"
    )

    static let crossZoneOff = FindingKind(
        "cross-zone-off",
        .warning,
        seen: "The load balancer is in several zones, and each sends only to its own relays.",
        why: "a sender that is given a zone without a healthy relay waits in vain",
        cure: "aws elb (or elbv2) modify-load-balancer-attributes"
    )

    static let idleTimeoutTooShort = FindingKind(
        "idle-timeout-too-short",
        .warning,
        seen: "A classic load balancer cuts silent connections before 60 s are over.",
        why: "Postfix may need longer to answer, for a lookup or a large message, and mail is sent twice or not at all",
        cure: "aws elb modify-load-balancer-attributes ... ConnectionSettings={IdleTimeout=300}"
    )

    static let openRelayByLoadBalancer = FindingKind(
        "open-relay-by-load-balancer",
        .critical,
        seen: "The world reaches the load balancer, which hides who sends.",
        why: kept,
        cure: "close the load balancer's security group to the world",
        follows: [.same(smtpOpenToWorld)]
    )

    static let proxyProtocolMismatch = FindingKind(
        "proxy-protocol-mismatch",
        .critical,
        seen: "Of the load balancer and Postfix, only one speaks the PROXY protocol, or another version of it.",
        why: kept,
        cure: "set mail.proxy_protocol and the load balancer alike, then: smtp-relay-agent reconcile"
    )

    static let proxyHeaderForgeable = FindingKind(
        "proxy-header-forgeable",
        .critical,
        .warning,
        seen: "Hosts other than the load balancer reach a port that believes the PROXY protocol's header.",
        why: """
            whoever reaches that port without the load balancer can write a header of the PROXY protocol that makes it a \
            host of mail.networks
            """,
        cure: "let only the load balancer's security group in, or its subnets"
    )

    static let loadBalancerInNetworks = FindingKind(
        "load-balancer-in-networks",
        .warning,
        seen: "The load balancer's own address is in mail.networks, though it tells each sender's address.",
        why: """
            the load balancer's own address need not be trusted, and with it any connection that names no sender's \
            address
            """,
        cure: "name the true senders' ranges in mail.networks below [mail] in /etc/smtp-relay-agent/config.toml"
    )

    static let ipv6SendersRefused = FindingKind(
        "ipv6-senders-refused",
        .critical,
        seen: "The load balancer takes IPv6, but this instance has no IPv6 address.",
        why: "Postfix refuses the header that tells an IPv6 sender's address, and with it the mail",
        cure: "aws ec2 assign-ipv6-addresses, or aws elbv2 set-ip-address-type --ip-address-type ipv4"
    )

    static let handOverRefused = FindingKind(
        "hand-over-refused",
        .warning,
        seen: "The other relays do not take this node's own mail.",
        why: "when this node leaves, its queued mail stays on its disk",
        cure: "name the relays' subnets in mail.networks, or set shutdown.evacuate_queue = false"
    )
}
