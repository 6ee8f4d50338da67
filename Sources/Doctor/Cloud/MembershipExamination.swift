import AWS
import Resources

/// The node's health at a load balancer, and the faults of the load balancer itself.
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
            guard let refusal = Self.refusal(error, of: place.name) else { throw error }
            reviewed = [refusal]
        }
        return reviewed + Self.judge(try await place.standing(), of: place.name)
    }

    static func judge(_ found: PlaceFinding, of place: String) -> Finding {
        Finding(
            kind(of: found.kind),
            of: place,
            seen: "\(place): \(found.seen)",
            why: found.why,
            fix: found.cure
        )
    }

    private static func kind(of found: PlaceFinding.Kind) -> FindingKind {
        switch found {
        case .healthCheckOfMail: .healthCheckOfMail
        case .wrongHealthCheck: .wrongHealthCheck
        case .noListener: .noLoadBalancerListener
        case .otherVPC: .otherVPC
        case .wrongProtocol: .wrongProtocol
        case .wrongPort: .wrongPort
        case .zoneNotEnabled: .zoneNotEnabled
        case .refusesIPv6Senders: .ipv6SendersRefused
        case .handOverRefused: .handOverRefused
        }
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
            .notInService,
            severity,
            of: place,
            seen: "\(place) says of this node: \(standing)",
            fix: fix
        )
    }

    /// The finding for an error that keeps the node from joining.
    static func refusal(_ error: any Error, of place: String) -> Finding? {
        let kind: FindingKind
        switch error {
        case is OpenDoor: kind = .openRelayByLoadBalancer
        case is ForgeableDoor: kind = .proxyHeaderForgeable
        case is ProxyProtocolDisagreement, is PostfixReadsOnlyVersion1: kind = .proxyProtocolMismatch
        case is UnsuitableTargetGroup, is NoIPv6Address: kind = .unsuitableTargetGroup
        case let failure as AWSFailure
        where failure.error?.isNotFound == true || failure.error?.isTargetGroupNotFound == true:
            kind = .noSuchLoadBalancer
        default: return nil
        }
        return Finding(
            kind,
            of: place,
            seen: "\(error)",
            fix: (error as? any PlaceRefusal)?.cure ?? "as it says; then: smtp-relay-agent reconcile"
        )
    }
}
