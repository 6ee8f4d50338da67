package import Vocabulary

/// A setting's name, form and meaning: one row of the table that everything else is made of.
package struct SettingKey: Sendable, Equatable {
    /// The form of a value, as it stands in TOML.
    package enum Form: Sendable, Equatable {
        case text
        case list
        case boolean
        case number
        case duration
        /// Tables of these two texts each; elsewhere a list of `first=second`.
        case pairs(String, String)

        /// What a value of this form looks like, for an error message.
        var expectation: String {
            switch self {
            case .text: "a text in quotes"
            case .list: "a list of texts, such as [\"a\", \"b\"]"
            case .boolean: "true or false"
            case .number: "a number"
            case .pairs(let first, let second): "tables of two texts each, \(first) and \(second)"
            case .duration: "a duration, such as \"90s\", \"5m\" or \"1h\""
            }
        }
    }

    /// The section and the key, as in `mail.domain`.
    package let name: String
    package let form: Form
    /// The default; `nil` where there is none.
    let standard: RawValue?
    /// What it does, in one sentence.
    package let summary: String

    init(_ name: String, _ form: Form, standard: RawValue?, _ summary: String) {
        self.name = name
        self.form = form
        self.standard = standard
        self.summary = summary
    }

    /// In the environment and in tags, the section `mail` goes without saying.
    private var shortName: String { name.hasPrefix("mail.") ? String(name.dropFirst(5)) : name }

    /// Such as `SMTP_RELAY_DOMAIN`.
    package var variable: String {
        Self.variablePrefix + shortName.map { $0 == "." ? "_" : $0.uppercased() }.joined()
    }

    /// Such as `smtp-relay:domain`.
    package var tag: String { Self.tagPrefix + shortName }

    /// Whether it counts before the instance's tags are read, so that it can't come from them.
    var precedesTags: Bool {
        let section = section
        return section == "metadata" || section == "bootstrap" || section == "role" || section == "sender"
    }

    /// Whether it says something of a host in a role.
    package func counts(in role: RoleName) -> Bool {
        switch role {
        case .relay: section != "sender"
        case .sender: ["role", "sender", "packages", "reconcile", "bootstrap"].contains(section)
        }
    }

    /// What stands before the first dot.
    private var section: Substring { name.prefix { $0 != "." } }

    static let variablePrefix = "SMTP_RELAY_"
    /// Names the settings' file itself.
    package static let fileVariable = "SMTP_RELAY_CONFIG"
    static let tagPrefix = "smtp-relay:"

    /// Every setting there is.
    package static let all: [SettingKey] =
        [
            SettingKey(
                "role",
                .text,
                standard: .text("relay"),
                "What this host is: relay, or sender, whose mail goes by the relays. Not in tags."
            )
        ] + mail + [
            SettingKey(
                "sender.relayhost",
                .text,
                standard: nil,
                "On a sender, the load balancer, such as [relay.internal.example.com]:25. Required there; not in tags."
            ),
            SettingKey(
                "sender.outbound_level",
                .text,
                standard: nil,
                "On a sender, TLS on the way to the relays; without it, Postfix's setting stays as it is. Not in tags."
            ),
            SettingKey(
                "health.port",
                .number,
                standard: .number(80),
                "The port that nginx answers the health check on."
            ),
            SettingKey(
                "health.proxy_port",
                .number,
                standard: nil,
                "With mail.proxy_protocol, a port of its own for the health checks of target groups, which have a header."
            ),
            SettingKey("health.path", .text, standard: .text("/health"), "The path of the health check."),
            SettingKey(
                "load_balancer.classic",
                .list,
                standard: .list([]),
                "Classic load balancers, by name, that the node registers itself with."
            ),
            SettingKey(
                "load_balancer.target_groups",
                .list,
                standard: .list([]),
                "Target groups of network load balancers, by ARN, that the node registers itself with."
            ),
            SettingKey(
                "load_balancer.allow_open_to_world",
                .boolean,
                standard: .boolean(false),
                "Join, and stay, even where the load balancer hides the senders' addresses while it is open to the world."
            ),
            SettingKey(
                "load_balancer.timeout",
                .duration,
                standard: .text("300s"),
                "How long to wait in all for the load balancer to call the node in service."
            ),
            SettingKey(
                "metadata.imdsv1",
                .boolean,
                standard: .boolean(false),
                "Whether metadata may be read without a token where version 2 does not answer. Not in tags."
            ),
            SettingKey(
                "metadata.timeout",
                .duration,
                standard: .text("120s"),
                "How long to wait in all for metadata that comes up late. Not in tags."
            ),
            SettingKey(
                "packages.timeout",
                .duration,
                standard: .text("600s"),
                "How long locks, mirrors and the installation may take in all."
            ),
            SettingKey(
                "reconcile.resident",
                .boolean,
                standard: .boolean(true),
                "Whether the agent stays resident; otherwise a timer starts a pass every five minutes."
            ),
            SettingKey(
                "reconcile.interval",
                .duration,
                standard: nil,
                """
                How long after a pass the resident agent makes the next, where nothing calls for one earlier; without it, \
                60 s for each load balancer and target group.
                """
            ),
            SettingKey(
                "reconcile.jitter",
                .duration,
                standard: .text("15s"),
                "How much is added to the interval at most, by chance."
            ),
            SettingKey(
                "shutdown.drain_timeout",
                .duration,
                standard: .text("110s"),
                """
                How long leaving may take in all; a spot interruption leaves two minutes, a system that goes down a quarter \
                of an hour.
                """
            ),
            SettingKey(
                "shutdown.evacuate_queue",
                .boolean,
                standard: .boolean(true),
                "Whether a node that leaves hands its queued mail to the others, through the load balancer."
            ),
            SettingKey(
                "shutdown.drain_on_rebalance",
                .boolean,
                standard: .boolean(false),
                "Whether a rebalance recommendation makes the node leave, too."
            ),
            SettingKey(
                "bootstrap.timeout",
                .duration,
                standard: .text("20m"),
                "How long bootstrap may take in all, before it counts as failed. Not in tags."
            ),
            SettingKey(
                "auto_scaling.launch_hook",
                .text,
                standard: nil,
                "The lifecycle hook whose action bootstrap completes: CONTINUE in service, ABANDON otherwise."
            ),
            SettingKey(
                "auto_scaling.termination_hook",
                .text,
                standard: nil,
                "The lifecycle hook whose action the agent completes when the node has left."
            ),
            SettingKey(
                "cloudformation.stack",
                .text,
                standard: nil,
                "The stack, by name or ARN, that bootstrap signals its success or failure to."
            ),
            SettingKey(
                "cloudformation.resource",
                .text,
                standard: nil,
                "The logical id of the stack's resource that waits for the signal."
            ),
        ]

    static func named(_ name: String) -> SettingKey? { all.first { $0.name == name } }

    /// The known name that a wrong one was most likely meant to be; `nil` where none is near.
    static func nearest(to name: String, among names: [String]) -> String? {
        // A long one is near to none, and its distance takes long to find.
        guard name.utf8.count < 100 else { return nil }
        let ranked = names.map { ($0, editDistance($0, name)) }.min { $0.1 < $1.1 }
        guard let (best, distance) = ranked, distance <= max(2, name.count / 3) else { return nil }
        return best
    }

    /// Levenshtein's distance.
    private static func editDistance(_ left: String, _ right: String) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
