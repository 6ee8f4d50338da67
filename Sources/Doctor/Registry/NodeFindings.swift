extension FindingKind {
    static let ofNode: [FindingKind] = [
        settingsRefused, metadataUnreachable, nodeDrained, serviceDown, serviceNotEnabled, agentDown, passesFail,
        configurationRefused, configurationDrift, serviceDrift, portHeldByOther, noListener, listenerOnLoopback,
        hostFirewall, smtpNoAnswer, openRelay, refusesOwnSenders, healthCheckFails, diskFull, clockWrong, dnsNoServer,
        dnsNoAnswer, selinuxDenials, unknownSystem,
    ]

    static let settingsRefused = FindingKind(
        "settings-refused",
        .critical,
        seen: "The settings are invalid.",
        why: "the agent does not know what this node should be, so it repairs nothing",
        cure: "smtp-relay-agent config check"
    )

    static let metadataUnreachable = FindingKind(
        "metadata-unreachable",
        .critical,
        seen: "Instance metadata does not answer, or lacks a value.",
        why: "the agent does not know what this node should be, so it repairs nothing",
        cure: "smtp-relay-agent facts; aws ec2 modify-instance-metadata-options --http-endpoint enabled"
    )

    static let nodeDrained = FindingKind(
        "node-drained",
        .warning,
        seen: "The node was ordered to leave its load balancers.",
        why: "no mail comes to it",
        cure: "smtp-relay-agent undrain",
        isOrdered: true
    )

    static let portHeldByOther = FindingKind(
        "port-held-by-other",
        .critical,
        seen: "Another program listens on a port of Postfix or nginx.",
        why: "the service can't have the port, and the program that answers there is not this relay",
        cure: "stop and disable that program, then: smtp-relay-agent reconcile"
    )

    static let selinuxDenials = FindingKind(
        "selinux-denials",
        .critical,
        .info,
        seen: "SELinux denied something to Postfix or nginx in the last hour.",
        why: "mail or the health check may need what was denied",
        cure: "semanage port, restorecon, or audit2allow -w, as the finding says"
    )

    static let serviceDown = FindingKind(
        "service-down",
        .critical,
        seen: "Postfix, nginx or the health unit does not run.",
        why: "the load balancer sends this node nothing, or its mail is refused",
        cure: "systemctl enable SERVICE; systemctl start SERVICE",
        follows: [.same(portHeldByOther), .same(selinuxDenials)]
    )

    static let serviceNotEnabled = FindingKind(
        "service-not-enabled",
        .warning,
        seen: "A service runs, but does not start at boot.",
        why: "after the next boot it is down",
        cure: "systemctl enable SERVICE"
    )

    static let agentDown = FindingKind(
        "agent-down",
        .warning,
        seen: "The agent, or the timer that runs it, does not run.",
        why: "nothing repairs what drifts",
        cure: "systemctl enable smtp-relay-agent; systemctl start smtp-relay-agent"
    )

    static let configurationRefused = FindingKind(
        "configuration-refused",
        .critical,
        seen: "The agent can't say or make what the host should have.",
        why: "the node can't be brought to what its settings say",
        cure: "correct what the finding names, then: smtp-relay-agent reconcile"
    )

    static let passesFail = FindingKind(
        "passes-fail",
        .warning,
        seen: "The agent runs, but its last pass failed.",
        why: "what that pass did not reach is neither repaired nor checked",
        cure: "smtp-relay-agent status; smtp-relay-agent reconcile",
        follows: [
            .any(settingsRefused), .any(metadataUnreachable), .any(configurationRefused), .any(passwordUnreadable),
            .any(portHeldByOther), .any(openRelay), .any(refusesOwnSenders), .any(smtpNoAnswer), .any(diskFull),
            .any(clockWrong), .any(openRelayByLoadBalancer), .any(proxyHeaderForgeable), .any(proxyProtocolMismatch),
            .any(unsuitableTargetGroup), .any(noSuchLoadBalancer), .any(missingPermission),
        ]
    )

    static let configurationDrift = FindingKind(
        "configuration-drift",
        .warning,
        seen: "A pass would change files, packages or registrations.",
        why: "the node is not what its settings say, and other findings may come of that",
        cure: "smtp-relay-agent plan; smtp-relay-agent reconcile"
    )

    static let serviceDrift = FindingKind(
        "service-drift",
        .warning,
        seen: "A pass would start, enable or reload services, and change nothing else.",
        why: "the services are not what the settings say",
        cure: "smtp-relay-agent plan; smtp-relay-agent reconcile",
        follows: [.any(serviceDown), .any(agentDown), .any(serviceNotEnabled), .any(healthCheckFails)]
    )

    static let noListener = FindingKind(
        "no-listener",
        .critical,
        seen: "Nothing listens on a port that Postfix or nginx should have.",
        why: "the load balancer's connections are refused",
        cure: "systemctl restart SERVICE",
        follows: [.same(serviceDown), .same(selinuxDenials)]
    )

    static let listenerOnLoopback = FindingKind(
        "listener-on-loopback",
        .critical,
        seen: "A port is open, but only for this host itself.",
        why: "the load balancer's connections are refused",
        cure: "smtp-relay-agent reconcile"
    )

    static let hostFirewall = FindingKind(
        "host-firewall",
        .critical,
        seen: "This host's own firewall drops connections to a port of the relay.",
        why: """
            neither mail nor health checks of the load balancer arrive there, though all is well on the host itself
            """,
        cure: "firewall-cmd, nft or iptables, as the finding says"
    )

    static let smtpNoAnswer = FindingKind(
        "smtp-no-answer",
        .critical,
        seen: "Postfix does not answer the self-test.",
        why: "Postfix does not take mail",
        cure: "systemctl status postfix; journalctl -u postfix",
        follows: [
            .same(serviceDown), .same(portHeldByOther), .same(noListener), .same(listenerOnLoopback),
            .same(selinuxDenials), .any(diskFull),
        ]
    )

    static let openRelay = FindingKind(
        "open-relay",
        .critical,
        seen: "Postfix accepts a stranger's mail.",
        why: "strangers send by this node, and its addresses will be blocked everywhere",
        cure: "postconf -n; postconf -P; smtp-relay-agent reconcile"
    )

    static let refusesOwnSenders = FindingKind(
        "refuses-own-senders",
        .critical,
        seen: "Postfix refuses mail of an allowed sender.",
        why: "mail of allowed senders is refused",
        cure: "postconf -n; postconf -P; smtp-relay-agent reconcile",
        follows: [.any(diskFull), .same(selinuxDenials)]
    )

    static let healthCheckFails = FindingKind(
        "health-check-fails",
        .critical,
        seen: "nginx does not answer the health check with 200.",
        why: "the load balancer takes this node out of service",
        cure: "smtp-relay-agent probe; smtp-relay-agent reconcile",
        follows: [
            .any(serviceDown), .any(portHeldByOther), .any(noListener), .any(listenerOnLoopback), .any(smtpNoAnswer),
            .any(openRelay), .any(refusesOwnSenders), .any(diskFull), .any(configurationRefused), .any(selinuxDenials),
            .any(openRelayByLoadBalancer), .any(proxyHeaderForgeable), .any(proxyProtocolMismatch), .any(nodeDrained),
        ]
    )

    static let diskFull = FindingKind(
        "disk-full",
        .critical,
        .warning,
        seen: "Little space is free where Postfix's queue is.",
        why: "Postfix and the health check refuse mail",
        cure: "df -h QUEUE /var/log; du -xh --max-depth=2 /var | sort -h | tail"
    )

    static let clockWrong = FindingKind(
        "clock-wrong",
        .critical,
        .warning,
        seen: "This host's clock and that of AWS differ by more than 30 s.",
        why: "AWS refuses signed calls, TLS certificates seem invalid, and mail bears a wrong date",
        cure: "chronyc makestep; chronyc tracking"
    )

    static let dnsNoServer = FindingKind(
        "dns-no-server",
        .critical,
        seen: "/etc/resolv.conf names no name server.",
        why: "no mail can be delivered: the domain of each recipient has to be looked up",
        cure: "aws ec2 modify-vpc-attribute --enable-dns-support; restart the network"
    )

    static let dnsNoAnswer = FindingKind(
        "dns-no-answer",
        .critical,
        .warning,
        seen: "A name server does not answer.",
        why: "no mail can be delivered: the domain of each recipient has to be looked up",
        cure: "correct /etc/resolv.conf, or the VPC's DHCP options and DNS settings (aws ec2 describe-vpc-attribute)"
    )

    static let unknownSystem = FindingKind(
        "unknown-system",
        .info,
        seen: "The operating system is none of those that the agent knows.",
        why: "nobody has tried the agent there: it goes by what the system has, and that may not be enough",
        cure: "nothing, where mail flows; the README lists the systems that are known",
        isMetric: false
    )
}
