import Host
import Reconcile
import Resources
import SystemPackage
import Vocabulary

/// The load balancers that this node may be registered with, as a file: what is taken out of the settings has to be left.
struct JoinedPlaces: Sendable {
    let files: FileSystem

    enum Place: Sendable, Hashable {
        case classic(ClassicLoadBalancerName)
        case targetGroup(TargetGroupARN)
    }

    private struct Names: Codable, Equatable {
        var classic: Set<String> = []
        var targetGroups: Set<String> = []
    }

    private static let path: FilePath = "/var/lib/smtp-relay-agent/load-balancers.json"

    /// The places that the settings name.
    static func named(_ settings: NodeSettings.LoadBalancer) -> [Place] {
        settings.classic.map(Place.classic) + settings.targetGroups.map(Place.targetGroup)
    }

    /// Adds those that the settings name.
    func note(_ settings: NodeSettings.LoadBalancer) throws {
        let known = read()
        var names = known
        names.classic.formUnion(settings.classic.map { "\($0)" })
        names.targetGroups.formUnion(settings.targetGroups.map { "\($0)" })
        if names != known { try file.write(names) }
    }

    /// The places that the settings do not name any more.
    func former(_ settings: NodeSettings.LoadBalancer) -> [Place] {
        let names = read()
        let classic = names.classic.subtracting(settings.classic.map { "\($0)" }).sorted()
        let groups = names.targetGroups.subtracting(settings.targetGroups.map { "\($0)" }).sorted()
        return classic.compactMap { try? ClassicLoadBalancerName($0) }.map(Place.classic)
            + groups.compactMap { try? TargetGroupARN($0) }.map(Place.targetGroup)
    }

    func forget(_ place: Place) throws {
        var names = read()
        switch place {
        case .classic(let name): names.classic.remove("\(name)")
        case .targetGroup(let group): names.targetGroups.remove("\(group)")
        }
        try file.write(names)
    }

    private var file: StateFile<Names> { StateFile(Self.path, in: files) }

    private func read() -> Names { file.read() ?? Names() }
}
