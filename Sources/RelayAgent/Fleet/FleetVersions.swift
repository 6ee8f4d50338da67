import Host
import Reports
import Resources
import SystemPackage
import Vocabulary

/// The versions of the fleet's settings that this node knows, on disk, so that every process goes by the same one.
struct FleetVersions: Sendable, Equatable, Codable {
    /// A version in force whose verdict is open.
    struct Trial: Sendable, Equatable, Codable {
        var document: FleetDocument
        /// Seconds since 1970.
        var since: Int
        /// Whether each membership was in service before it.
        var before: [String: Bool]
        /// When a membership was seen to have gone out of service since; `nil` where none has.
        var outSince: Int?
    }

    /// A version that this node does not take.
    struct Refusal: Sendable, Equatable, Codable {
        var document: FleetDocument
        var reason: String
        /// Seconds since 1970.
        var at: Int
        /// Whether it was in force and did not work. Then it is not tried again; another check costs nothing.
        var wasTried: Bool
    }

    /// As `fleet.settings` names it.
    var place: String
    /// The last version that has worked.
    var proven: FleetDocument?
    var trial: Trial?
    var refused: Refusal?
    /// Why the last reading failed; `nil` where it did not.
    var unread: String?
    /// Seconds since 1970: the last reading, and the next.
    var readAt: Int?
    var dueAt: Int?

    init(place: FleetPlace) { self.place = "\(place)" }

    /// The version that the node goes by.
    var inForce: FleetDocument? { trial?.document ?? proven }

    /// Whether a version is on trial, and there is one to go back to.
    var canGoBack: Bool { trial != nil && proven != nil }

    /// Whether it is time to read. A clock that was set back makes it so, too.
    func isDue(at now: Int, every interval: Duration) -> Bool {
        guard let dueAt else { return true }
        return now >= dueAt || dueAt - now > 2 * Int(interval.components.seconds)
    }

    /// For `status` and the metrics.
    var status: NodeStatus.Fleet {
        NodeStatus.Fleet(
            place: place,
            version: inForce?.version,
            isOnTrial: trial != nil,
            readAt: readAt,
            refused: refused.map { refused in
                NodeStatus.Fleet.Refused(version: refused.document.version, reason: refused.reason, at: refused.at)
            },
            unread: unread
        )
    }
}

/// The file of the versions. They may name users and servers, so it is root's alone.
struct FleetStore: Sendable {
    private let file: StateFile<FleetVersions>

    init(files: FileSystem) {
        self.file = StateFile("/var/lib/smtp-relay-agent/fleet.json", in: files, isSecret: true)
    }

    /// The versions of a place. Where the settings have named another one before, its version counts until this one is read.
    func versions(of place: FleetPlace) -> FleetVersions {
        guard let kept = file.read() else { return FleetVersions(place: place) }
        if kept.place == "\(place)" { return kept }
        var versions = FleetVersions(place: place)
        versions.proven = kept.proven ?? kept.inForce
        return versions
    }

    func write(_ versions: FleetVersions) throws { try file.write(versions) }
}
