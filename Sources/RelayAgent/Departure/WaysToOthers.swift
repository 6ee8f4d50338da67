import AWS
import Resources

/// The ways by which another relay may take this node's mail now.
struct WaysToOthers: Sendable {
    /// Every load balancer that the node is to be in.
    let places: [any LoadBalancerPlace]
    let known: KnownWays
    /// The time by which the node has to have left.
    let deadline: ContinuousClock.Instant

    /// The time that one question may take: there are other ways to try.
    private static let patience: Duration = .seconds(10)

    /// The ways as Postfix writes a nexthop, and why there is none by the others. All load balancers are asked at the
    /// same time.
    func all(_ notice: @escaping @Sendable (String) -> Void) async -> [String] {
        await withTaskGroup(of: (Int, String?).self) { group in
            for (number, place) in places.enumerated() {
                group.addTask { (number, await way(by: place, notice)) }
            }
            var ways = [String?](repeating: nil, count: places.count)
            for await (number, way) in group { ways[number] = way }
            return ways.compactMap(\.self)
        }
    }

    private func way(by place: any LoadBalancerPlace, _ notice: @Sendable (String) -> Void) async -> String? {
        do {
            let latest = min(.now + Self.patience, deadline)
            let way = try await CallDeadline.by(latest) { try await place.wayToOthers() }
            if way == nil { notice("\(place.name) has no other relay that could take this node's mail") }
            return way
        } catch let failure as AWSFailure where !failure.isOfNothing {
            guard let way = known.way(by: place.name) else {
                notice("\(place.name) can't take this node's mail: \(failure)")
                return nil
            }
            notice("\(place.name) does not say who is there, so its last known address is tried: \(failure)")
            return way
        } catch {
            notice("\(place.name) can't take this node's mail: \(error)")
            return nil
        }
    }
}
