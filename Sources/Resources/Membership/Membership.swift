import AWS
package import HTTP
package import Reconcile

/// The node's membership of a load balancer: registered and in service there, or out of it.
package struct Membership: Resource {
    private let place: any LoadBalancerPlace
    private let goal: MembershipGoal
    private let obstacle: (any Error)?
    private let admission: Admission
    private let timeout: Duration
    private let door: QuietDoor
    private let observer: MembershipObserver
    private let isToLeave: @Sendable () async -> Bool
    private let isWithdrawn: @Sendable () -> Bool
    private let time: TimeSource

    /// - Parameters:
    ///   - obstacle: A reason of the node's own why it may not join. It takes no registered node out.
    ///   - isToLeave: Whether there is an order to leave by now, which ends the wait to be called in service.
    ///   - isWithdrawn: Whether the health check does not answer 200 any more, which ends that wait as well.
    ///   - admission: Whether the node may be there.
    ///   - timeout: The time that the load balancer may take to call the node in service.
    ///   - door: The wait until no mail comes any more, before the node leaves.
    package init(
        _ place: any LoadBalancerPlace,
        goal: MembershipGoal,
        obstacle: (any Error)? = nil,
        admission: Admission,
        timeout: Duration,
        door: QuietDoor,
        observer: MembershipObserver,
        isToLeave: @escaping @Sendable () async -> Bool = { false },
        isWithdrawn: @escaping @Sendable () -> Bool = { false },
        time: TimeSource = .system
    ) {
        self.place = place
        self.goal = goal
        self.obstacle = obstacle
        self.admission = admission
        self.timeout = timeout
        self.door = door
        self.observer = observer
        self.isToLeave = isToLeave
        self.isWithdrawn = isWithdrawn
        self.time = time
    }

    package var name: String { place.name }

    package var onceConverged: String? {
        goal == .out ? nil : "register \(place.member) with \(name), where it is not in service there"
    }

    package func check() async throws -> Check {
        // The one call of a pass with nothing to do.
        let standing: Standing
        do {
            standing = try await look()
        } catch let failure as AWSFailure {
            // The node may be there all the same, and leaving a place where it is not changes nothing.
            if goal == .out { return failure.isOfNothing ? .inSync : departure() }
            if let expulsion = try await expulsion(from: nil) { return expulsion }
            throw failure
        }
        switch goal {
        case .out: return departure(from: standing)
        case .leftAlone(let reason):
            if let expulsion = try await expulsion(from: standing) { return expulsion }
            if standing.position == .failing { tell(standing, ours: reason) }
            return .inSync
        case .member(let waits):
            if let expulsion = try await expulsion(from: standing) { return expulsion }
            return try await entry(from: standing, waits: waits)
        }
    }

    /// The change that takes a node out where it is registered and must not be; `nil` where it may stay. A question
    /// that could not be answered takes no node out, since that would take out the others as well.
    ///
    /// - Parameter standing: `nil` where the load balancer did not tell.
    private func expulsion(from standing: Standing?) async throws -> Check? {
        guard standing?.isRegistered ?? true else { return nil }
        let isInService = standing.map { $0.position == .inService } ?? true
        switch await admission.toStay(in: place, isInService: isInService) {
        case .yes(let review):
            guard case .member = goal, !isInService else { return nil }
            for finding in try await review.findings() { observer.notice("\(finding)") }
            return nil
        case .unclear(let error):
            let doubt = "could not find out whether this node may be there: \(error)"
            observer.notice(doubt)
            if let standing { observer.report(MembershipReport(name, standing, ours: doubt)) }
            return nil
        case .no(let refusal):
            return .drifted(
                Drift([Change(.registration, "leave \(name)")]) {
                    do {
                        try await place.leave()
                    } catch {
                        if let standing { observer.report(MembershipReport(name, standing, ours: refusal.why)) }
                        throw StillInPlace(refusal: refusal, cause: error)
                    }
                    observer.report(MembershipReport(name, .notRegistered, ours: refusal.why))
                    throw LeftPlace(refusal: refusal)
                }
            )
        }
    }

    private func look() async throws -> Standing {
        let standing = try await place.standing()
        observer.report(MembershipReport(name, standing, ours: ours(of: standing)))
        return standing
    }

    /// The node's own reason for not being in service.
    private func ours(of standing: Standing) -> String? {
        switch goal {
        case .leftAlone(let reason): standing.position == .inService ? nil : reason
        case .member where standing.position == .failing:
            "this node answers its own health check\(standing.advice.isEmpty ? "" : "; \(standing.advice)")"
        case .member, .out: nil
        }
    }

    private func tell(_ standing: Standing, ours: String) {
        observer.notice("it does not call this node in service: \(standing); \(ours)")
    }

    private func entry(from standing: Standing, waits: Bool) async throws -> Check {
        switch standing.position {
        case .inService: return .inSync
        case .out, .leaving:
            try await review(standing)
            return .drifted(
                Drift([Change(.registration, "register \(place.member) with \(name)")]) {
                    try await place.join()
                    if waits { try await waitInService() }
                }
            )
        case .arriving, .failing:
            guard waits else {
                if standing.position == .failing, let ours = ours(of: standing) { tell(standing, ours: ours) }
                return .inSync
            }
            return .drifted(
                Drift([Change(.registration, "wait for \(name) to call \(place.member) in service")]) {
                    try await waitInService()
                }
            )
        }
    }

    private func review(_ standing: Standing) async throws {
        do {
            if let obstacle { throw obstacle }
            for finding in try await admission.toJoin(place) { observer.notice("\(finding)") }
        } catch {
            observer.report(MembershipReport(name, standing, ours: (error as? any PlaceRefusal)?.why ?? "\(error)"))
            throw error
        }
    }

    private func departure(from standing: Standing) -> Check {
        switch standing.position {
        case .out: return .inSync
        case .leaving:
            // Another program has taken it out; a network load balancer goes on sending for about two minutes, unless
            // its checks fail (containers-roadmap#470).
            guard door.isOpen else { return .inSync }
            return .drifted(
                Drift([Change(.registration, "wait until no mail comes from \(name)")]) {
                    try await door.wait { true }
                }
            )
        case .arriving, .failing, .inService: return departure()
        }
    }

    private func departure() -> Check {
        .drifted(
            Drift([Change(.registration, "leave \(name)")]) {
                try await door.wait { try await isUnserved() }
                do {
                    try await place.leave()
                } catch let failure as AWSFailure where failure.isOfNothing {
                    return
                }
                observer.report(MembershipReport(name, .notRegistered))
            }
        )
    }

    /// Whether the load balancer sends no mail. Where it does not say so now, it may in a moment.
    private func isUnserved() async throws -> Bool {
        do {
            return try await look().position != .inService
        } catch let failure as AWSFailure where failure.mayPass {
            return false
        } catch is AWSFailure {
            // The load balancer will never answer.
            return true
        }
    }

    private func waitInService() async throws {
        let deadline = time.now() + timeout
        var last: Standing?
        var pause: Duration = .milliseconds(1500)
        while time.now() < deadline {
            let standing = try await look()
            if standing.position == .inService { return }
            last = standing
            if await isToLeave() { throw OrderedToLeave(name: name) }
            // Only another pass proves the relay anew, and it waits for the end of this one.
            if isWithdrawn() { throw WithdrawnMeanwhile(name: name) }
            // A load balancer checks every 5 s at the fastest, and a fleet shares the account's API limit. Whoever waits long
            // asks less.
            try await time.sleep(pause + pause * time.random())
            pause = min(pause * 1.25, .seconds(5))
        }
        throw NotInService(name: name, standing: last, waited: timeout)
    }
}

extension Standing {
    fileprivate static let notRegistered = Standing(.out, state: "not registered")
}

extension MembershipReport {
    fileprivate init(_ name: String, _ standing: Standing, ours: String? = nil) {
        self.init(name: name, state: standing.state, reason: standing.reason, ours: ours)
    }
}

/// The load balancer does not call the node in service.
package struct NotInService: Error, CustomStringConvertible {
    package let name: String
    /// The last state at the load balancer; `nil` where there was no time to ask.
    package let standing: Standing?
    package let waited: Duration

    package var description: String {
        let advice = standing.map(\.advice).flatMap { $0.isEmpty ? nil : $0 }
        return """
            \(name) does not call this node in service after \(waited.components.seconds) s: it says \
            \(standing?.description ?? "nothing"); this node answers its own health check, so \
            \(advice ?? "check the load balancer's, and whether it reaches this instance")
            """
    }
}

/// An order to leave has come while the load balancer was waited for.
package struct OrderedToLeave: Error, CustomStringConvertible {
    package let name: String

    package var description: String {
        "the node was ordered to leave \(name) before \(name) called it in service: see 'smtp-relay-agent status' for the order"
    }
}

/// The health check was withdrawn while the load balancer was waited for.
package struct WithdrawnMeanwhile: Error, CustomStringConvertible {
    package let name: String

    package var description: String {
        """
        the health check has answered 503 since, so \(name) can't call this node in service; the next pass proves the \
        relay anew, or says what is wrong
        """
    }
}
