import Vocabulary

/// The parameters that main.cf has only while the node leaves.
package struct LeavingRoutes: Sendable, Equatable, Codable {
    /// The nexthop of all remote mail, as Postfix writes it; `nil` where it goes its usual way.
    package var handOver: String?
    /// The listeners that take no more mail, as `master_service_disable` names them: `smtp.inet`.
    package var closed: [String]
    /// Optional, since orders of earlier versions do not have it.
    private var isRefusing: Bool?

    /// - Parameter refusesMail: Whether smtpd answers 421 to each recipient, also in sessions that are open.
    package init(handOver: String? = nil, closed: [String] = [], refusesMail: Bool = false) {
        self.handOver = handOver
        self.closed = closed
        self.isRefusing = refusesMail ? true : nil
    }

    /// Whether smtpd answers 421 to each recipient.
    package var refusesMail: Bool { isRefusing ?? false }

    /// The parameters of main.cf.
    var parameters: [(name: String, value: String)] {
        (handOver.map(Self.evacuation) ?? [])
            + (closed.isEmpty ? [] : [("master_service_disable", closed.joined(separator: ", "))])
    }

    /// The parameters that come before the transport's own nexthop in trivial-rewrite(8), and those that would slow the
    /// mail down or hold it up. Mail for this host itself is still delivered here.
    private static func evacuation(to nexthop: String) -> [(name: String, value: String)] {
        let way = "\(PostfixConfiguration.evacuationService):\(nexthop)"
        return [
            ("default_transport", way), ("relay_transport", way), ("relayhost", ""), ("transport_maps", ""),
            ("sender_dependent_relayhost_maps", ""), ("sender_dependent_default_transport_maps", ""),
            ("defer_transports", ""), ("evacuation_destination_rate_delay", "0s"),
            ("evacuation_destination_concurrency_limit", "20"), ("evacuation_destination_recipient_limit", "50"),
        ]
    }
}

extension MainCf {
    /// The same file for a node that leaves; with `nil`, for one that stays.
    package func leaving(_ routes: LeavingRoutes?) -> MainCf {
        let staying = with(.evacuation, [])
        guard let routes else { return staying }
        return staying.with(.evacuation, routes.parameters + (routes.handOver == nil ? staying.withoutRateDelays : []))
    }

    /// The pace of each transport, taken away: mail that keeps it would stay on the disk of a node that ends.
    private var withoutRateDelays: [(name: String, value: String)] {
        names.filter(\.isRateDelay).sorted().map { ($0, "0s") }
    }

    /// The listeners that take no mail.
    package var closedDoors: [String] {
        (self["master_service_disable"] ?? "").split { $0 == "," || $0 == " " }.map(String.init)
    }
}

extension String {
    /// Whether it is a parameter of main.cf that makes a transport wait between two messages.
    var isRateDelay: Bool { hasSuffix("_destination_rate_delay") }
}

extension MasterCf {
    /// The listeners that other hosts reach, by name and type; and the servers behind a postscreen.
    package var doors: [String] {
        entries.filter { entry in
            switch entry.type {
            case "inet": !Listener(entry.service).isLoopback
            case "pass": entry.program == "smtpd"
            default: false
            }
        }.map { "\($0.service).\($0.type)" }
    }
}

extension MasterCf {
    /// The same file with the way to the other relays, which an earlier version did not write.
    package var havingEvacuation: MasterCf {
        var file = self
        file.set(PostfixConfiguration.evacuationService, "unix", to: PostfixConfiguration.evacuationEntry)
        return file
    }
}

extension PostfixTable {
    /// The table that answers each client of a leaving node.
    package static func leaving(refusing isRefusing: Bool) -> PostfixTable {
        let answer = "421 4.3.2 this relay is leaving, please try again"
        return PostfixTable(.leaving, isRefusing ? ["0.0.0.0/0 \(answer)", "::/0 \(answer)"] : [])
    }
}

extension PostfixConfiguration {
    /// The restriction by which a leaving node answers 421 (access(5)); smtpd hangs up after that answer.
    static func leavingCheck(_ version: PostfixVersion) -> String {
        "check_client_access \(PostfixTable.Name.leaving.reference(version))"
    }
}
