import Resources

/// The faults of the node, in words for the first line.
extension StatusReading {
    /// The age, in seconds, at which a node without a new pass is left to itself: three intervals of the timer.
    private static let longWithoutPass = 900
    /// The beginning of the names of the agent's own units, some of which are meant to be off.
    private static let ownUnits = "smtp-relay-agent"

    /// Why the node takes no mail; `nil` where it does.
    var outage: String? {
        let down = downService.map { "\($0) does not run" }
        guard isPublished == false else { return down }
        if status.lastPass == nil { return "the first pass has not ended yet" }
        return failedPass ?? down ?? failedProbe ?? "the health check answers 503"
    }

    /// Everything that needs a person while mail flows.
    var troubles: [String] {
        // A failed pass names the probe that failed.
        [failedPass ?? failedProbe].compactMap(\.self) + downSigner + agentTroubles + fleetTroubles
    }

    /// The reasons for which nothing is repaired.
    var agentTroubles: [String] {
        if !isAgentUp, !isAgentStarting, !hasRegularPasses { return ["the agent does not run, so nothing is repaired"] }
        if let next = status.nextPassAt {
            let late = now - next
            return late > Self.longWithoutPass / 3 ? ["the next pass is \(Self.period(late)) late"] : []
        }
        guard let pass = status.lastPass, age(of: pass) > Self.longWithoutPass else { return [] }
        return ["no pass for \(Self.period(age(of: pass)))"]
    }

    private var fleetTroubles: [String] {
        guard let fleet = status.fleet else { return [] }
        var troubles: [String] = []
        if let refused = fleet.refused {
            troubles.append("version \(refused.version) of the fleet's settings is refused")
        }
        if fleet.unread != nil { troubles.append("the fleet's settings can't be read") }
        return troubles
    }

    /// The service without which no mail is taken, if it is down.
    var downService: String? {
        status.services.first { !$0.isActive && !$0.name.hasPrefix(Self.ownUnits) }?.name
    }

    /// The signer's service, if it should run and does not.
    private var downSigner: [String] {
        let down = status.services.filter {
            !$0.isActive && $0.isEnabled && $0.name.hasPrefix(Self.ownUnits + "-signer")
        }
        return down.map { "\($0.name) does not run" }
    }

    /// The first look at the node that failed in the last pass.
    var failedProbe: String? {
        guard let probe = status.probes.first(where: { $0.failure != nil && $0.isOld != true }) else { return nil }
        return "probe \(probe.probe.rawValue) failed: \(Self.firstLine(probe.failure ?? ""))"
    }

    private var failedPass: String? {
        guard let pass = status.lastPass, let failure = pass.failure else { return nil }
        return "the last pass failed \(Self.period(age(of: pass))) ago: \(Self.firstLine(failure))"
    }

    func age(of pass: NodeStatus.Pass) -> Int { max(0, now - pass.startedAt) }
}
