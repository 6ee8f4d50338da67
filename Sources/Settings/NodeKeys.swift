import Vocabulary

extension SettingKey {
    static let role = SettingKey(
        "role",
        .text,
        .words(RoleName.self),
        from: .host,
        standard: .text("relay"),
        "What the host is: `relay`, or `sender` for a host that sends its mail to the relays."
    )

    /// Every setting of `[sender]`.
    static let sender: [SettingKey] = [
        SettingKey(
            "sender.relayhost",
            .text,
            .relayHost,
            from: .host,
            standard: nil,
            otherwise: "required on a sender",
            "On a sender: the load balancer that its mail goes to, such as `[relay.internal.example.com]:25`."
        ),
        SettingKey(
            "sender.outbound_level",
            .text,
            .words(TLSLevel.self),
            from: .host,
            standard: nil,
            otherwise: "Postfix's",
            "On a sender: TLS on the way to the relays, in the words of `mail.tls.outbound_level`."
        ),
    ]

    /// Every setting of the node apart from its mail.
    static let node: [SettingKey] = [
        SettingKey(
            "health.port",
            .number,
            .port,
            from: .fleetAndTags,
            standard: .number(80),
            "The port on which nginx answers the health check."
        ),
        SettingKey(
            "health.proxy_port",
            .number,
            .port,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "`health.port`",
            "With `mail.proxy_protocol`: the port for the health checks of target groups, which begin with a header."
        ),
        SettingKey(
            "health.path",
            .text,
            .healthPath,
            from: .fleetAndTags,
            standard: .text("/health"),
            "The path of the health check."
        ),
        SettingKey(
            "load_balancer.classic",
            .list,
            .classicLoadBalancer,
            from: .fleetAndTags,
            standard: .list([]),
            "Classic load balancers that the node joins, by name."
        ),
        SettingKey(
            "load_balancer.target_groups",
            .list,
            .targetGroup,
            from: .fleetAndTags,
            standard: .list([]),
            "Target groups of network load balancers that the node joins, by ARN."
        ),
        SettingKey(
            "load_balancer.allow_open_to_world",
            .boolean,
            from: .fleet,
            standard: .boolean(false),
            """
            Whether the node joins, and stays in, a load balancer through which the internet can reach it: as a \
            rule an open relay.
            """
        ),
        SettingKey(
            "load_balancer.timeout",
            .duration,
            from: .fleetAndTags,
            standard: .text("300s"),
            "How long the node waits until its load balancers call it in service."
        ),
        SettingKey(
            "metadata.imdsv1",
            .boolean,
            from: .host,
            standard: .boolean(false),
            "Whether metadata may be read without a token if version 2 does not answer."
        ),
        SettingKey(
            "metadata.timeout",
            .duration,
            from: .host,
            standard: .text("120s"),
            "How long the agent waits for metadata that is not available yet."
        ),
        SettingKey(
            "fleet.settings",
            .text,
            .fleetPlace,
            from: .host,
            standard: nil,
            otherwise: "none",
            """
            Where the settings of the whole fleet are, in the form of this file: an SSM parameter, such as \
            `ssm:/smtp-relay/config`, or an S3 object, such as `s3://BUCKET/KEY`. All nodes take a new version live.
            """
        ),
        SettingKey(
            "fleet.interval",
            .duration,
            from: .host,
            standard: .text("5m"),
            """
            The time between two readings of `fleet.settings`, a quarter more or less, so that nodes do not change at \
            once. It is read in the next pass after that.
            """
        ),
        SettingKey(
            "packages.timeout",
            .duration,
            from: .fleetAndTags,
            standard: .text("600s"),
            "How long an installation may take, with all waits for locks and mirrors."
        ),
        SettingKey(
            "reconcile.resident",
            .boolean,
            from: .fleetAndTags,
            standard: .boolean(true),
            "Whether the agent stays resident. Otherwise a timer starts a pass every five minutes."
        ),
        SettingKey(
            "reconcile.interval",
            .duration,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "`60s` for each load balancer and target group; with `fleet.settings`, `75s`",
            """
            The time between two passes of the resident agent if nothing happens. A pass asks each load balancer \
            once, so the default is one AWS call a minute.
            """
        ),
        SettingKey(
            "reconcile.jitter",
            .duration,
            from: .fleetAndTags,
            standard: .text("15s"),
            "The largest random time that is added to `reconcile.interval`."
        ),
        SettingKey(
            "shutdown.drain_timeout",
            .duration,
            from: .fleetAndTags,
            standard: .text("110s"),
            """
            How long leaving may take in all. A spot interruption leaves at most two minutes, a shutdown of the \
            system a quarter of an hour.
            """
        ),
        SettingKey(
            "shutdown.evacuate_queue",
            .boolean,
            from: .fleet,
            standard: .boolean(true),
            "Whether a leaving node hands its queued mail to the other relays, through the load balancer."
        ),
        SettingKey(
            "shutdown.drain_on_rebalance",
            .boolean,
            from: .fleetAndTags,
            standard: .boolean(false),
            "Whether the node also leaves at a rebalance recommendation."
        ),
        SettingKey(
            "bootstrap.timeout",
            .duration,
            from: .host,
            standard: .text("20m"),
            "How long `bootstrap` may take before it has failed."
        ),
        SettingKey(
            "auto_scaling.launch_hook",
            .text,
            .lifecycleHook,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "none",
            "The lifecycle hook that `bootstrap` answers: `CONTINUE` if the node is in service, otherwise `ABANDON`."
        ),
        SettingKey(
            "auto_scaling.termination_hook",
            .text,
            .lifecycleHook,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "none",
            "The lifecycle hook that the agent answers when the node has left."
        ),
        SettingKey(
            "cloudformation.stack",
            .text,
            .stack,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "none",
            "The stack that `bootstrap` signals, by name or ARN."
        ),
        SettingKey(
            "cloudformation.resource",
            .text,
            .logicalResource,
            from: .fleetAndTags,
            standard: nil,
            otherwise: "none",
            "The logical id of the stack's resource that waits for the signal. Set both, or neither."
        ),
        SettingKey(
            "cloudwatch.logs",
            .text,
            .logGroup,
            from: .fleet,
            standard: nil,
            otherwise: "none",
            "The log group of CloudWatch for the mail log and the agent's log: one JSON line an event."
        ),
        SettingKey(
            "cloudwatch.metrics",
            .text,
            .metricNamespace,
            from: .fleet,
            standard: nil,
            otherwise: "none",
            "The namespace of CloudWatch for a dozen metrics of the group, once a minute."
        ),
        SettingKey(
            "cloudwatch.addresses",
            .text,
            .words(AddressForm.self),
            from: .fleet,
            standard: .text(CloudWatchSettings().addresses.rawValue),
            """
            The form of mail addresses in the log group: `whole`, `hashed` (a digest and the domain, so that the same \
            address can be found again), or `masked` (`a***@example.com`).
            """
        ),
    ]
}
