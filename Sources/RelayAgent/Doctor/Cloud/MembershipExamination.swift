import AWS
import Resources

/// What a load balancer thinks of the node, and what is wrong with the load balancer itself.
struct MembershipExamination: Examination {
    let place: any LoadBalancerPlace

    var name: String { place.name }
    let limit: Duration = .seconds(20)

    func findings() async throws -> [Finding] {
        let reviewed: [Finding]
        do {
            reviewed = try await place.review().findings().map { Self.judge($0, of: place.name) }
        } catch let door as UnclearDoor {
            throw door.failure
        } catch {
            guard let refusal = Self.refusal(error) else { throw error }
            reviewed = [refusal]
        }
        return reviewed + Self.judge(try await place.standing(), of: place.name)
    }

    static func judge(_ found: PlaceFinding, of place: String) -> Finding {
        Finding(
            found.stopsMail ? .critical : .warning,
            found.kind.rawValue,
            seen: "\(place): \(found.seen)",
            why: found.why,
            fix: found.cure
        )
    }

    static func judge(_ standing: Standing, of place: String) -> [Finding] {
        switch standing.position {
        case .inService: return []
        case .arriving:
            return [notInService(.info, standing, place, fix: "wait, and look again: smtp-relay-agent doctor")]
        case .out, .leaving:
            return [
                notInService(.critical, standing, place, fix: "smtp-relay-agent status; smtp-relay-agent reconcile")
            ]
        case .failing:
            let fix = standing.advice.isEmpty ? "smtp-relay-agent probe" : standing.advice
            return [notInService(.critical, standing, place, fix: fix)]
        }
    }

    private static func notInService(
        _ severity: Finding.Severity,
        _ standing: Standing,
        _ place: String,
        fix: String
    ) -> Finding {
        Finding(
            severity,
            "not-in-service",
            seen: "\(place) says of this node: \(standing)",
            why: "no mail comes to it from there",
            fix: fix
        )
    }

    /// What keeps the node from joining.
    static func refusal(_ error: any Error) -> Finding? {
        let name: String
        switch error {
        case is OpenDoor: name = "open-relay-by-load-balancer"
        case is ForgeableDoor: name = "proxy-header-forgeable"
        case is ProxyProtocolDisagreement, is PostfixReadsOnlyVersion1: name = "proxy-protocol-mismatch"
        case is UnsuitableTargetGroup, is NoIPv6Address: name = "unsuitable-target-group"
        case let failure as AWSFailure
        where failure.error?.isNotFound == true || failure.error?.isTargetGroupNotFound == true:
            name = "no-such-load-balancer"
        default: return nil
        }
        return Finding(
            .critical,
            name,
            seen: "\(error)",
            why: "the agent does not register this node there, so no mail comes through it",
            fix: (error as? any PlaceRefusal)?.cure ?? "as it says; then: smtp-relay-agent reconcile"
        )
    }
}
