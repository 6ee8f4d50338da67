import AgentLog
import Host
import Reconcile
import RelayNode
import Resources
import SystemPackage
import Vocabulary

/// The node's places in its load balancers.
extension RelayParts {
    var memberships: [Chain] { (memberships(goal.membership) + formerMemberships).map { [$0] } }

    /// The load balancers that the settings do not name any more, and that the node was in.
    private var formerMemberships: [any Resource] {
        // The settings are unknown until the tags are read.
        let isKnown = facts.tagSource != .unavailable || settings.loadBalancer.count > 0
        // Settings for one command do not take the node out of a load balancer.
        guard request.scope == .everything, isKnown, !request.hasOwnSettings else { return [] }
        return joined.former(settings.loadBalancer).map { place in
            FormerMembership(place: self.place(place), forget: { try joined.forget(place) })
        }
    }

    private var joined: JoinedPlaces { JoinedPlaces(files: host.files) }

    private func memberships(_ goal: MembershipGoal) -> [any Resource] {
        // A look at the host alone, as after a change of a file, leaves the account's API limit to others.
        guard request.scope == .everything else { return [] }
        let reconcile = settings.reconcile
        let period = AdmissionPeriod(pace: reconcile.interval + reconcile.jitter, isAnew: request.asksAnew)
        return places.map { place in
            Membership(
                place,
                goal: goal,
                obstacle: unverifiable,
                admission: Admission(situation.account.access.admissions, period) { way, place in
                    // Without it, the way is asked for when the node leaves.
                    try? KnownWays(files: host.files).note(way, by: place)
                },
                timeout: settings.loadBalancer.timeout,
                door: QuietDoor(SMTPConnections(files: host.files), deadline: budget?.doors ?? .now) {
                    if let order = self.goal.order { try DrainOrders(files: host.files).require(order) }
                },
                observer: MembershipObserver(notice: { log.warning(place.name, $0) }, report: report),
                isToLeave: isToLeave,
                isWithdrawn: { [files = host.files] in !files.exists(FilePath(NginxConfiguration.healthFile)) }
            )
        }
    }

    /// Every load balancer that the node is to be in. A node that leaves hands its mail over through those that have
    /// somebody to take it.
    var places: [any LoadBalancerPlace] { situation.places(node.allowed, host) }

    /// Writes down where the node is registered.
    func noteJoined() throws {
        if request.scope == .everything { try joined.note(settings.loadBalancer) }
    }

    private func place(_ place: JoinedPlaces.Place) -> any LoadBalancerPlace {
        situation.places([place], node.allowed, host)[0]
    }

    /// Has told what the load balancers make of a node that does not work, and has it leave those that it must not be in.
    /// An error here is not the reason why the node is out of service.
    ///
    /// - Returns: Whether all of them told, and none has the node that must not.
    @discardableResult
    func look(because failure: StepFailure?) async -> Bool {
        var isClear = request.scope == .everything
        let reason = failure.map { "\($0.step): \($0)" } ?? "it does not work"
        for membership in memberships(.leftAlone(because: reason)) {
            do {
                guard case .drifted(let drift) = try await membership.check() else { continue }
                try await drift.apply()
            } catch let error as StillInPlace {
                isClear = false
                log.failed(membership.name, "\(error)")
            } catch let error as LeftPlace {
                log.failed(membership.name, "\(error)")
            } catch {
                // One that does not tell is for the passes of a node that works.
                isClear = false
            }
        }
        return isClear
    }
}
