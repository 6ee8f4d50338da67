import AWS
import Resources

/// The ways by which another relay may take this node's mail now.
struct WaysToOthers: Sendable {
    /// Every load balancer that the node is to be in.
    let places: [any LoadBalancerPlace]

    /// How long a question may take: there are other ways to try.
    private static let patience: Duration = .seconds(10)

    /// Each as Postfix writes a nexthop, and why there is none by the others.
    func all(_ notice: @Sendable (String) -> Void) async -> [String] {
        var ways: [String] = []
        for place in places {
            do {
                let way = try await CallDeadline.by(.now + Self.patience) { try await place.wayToOthers() }
                if let way {
                    ways.append(way)
                } else {
                    notice("\(place.name) has no other relay that could take this node's mail")
                }
            } catch {
                notice("\(place.name) can't take this node's mail: \(error)")
            }
        }
        return ways
    }
}
