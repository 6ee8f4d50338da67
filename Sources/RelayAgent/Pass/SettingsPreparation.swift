import AgentLog
import Facts
import HTTP
import Host
import RelayNode
import Resources
import Settings
import SystemPackage
import Vocabulary

/// The settings of a pass: those of the host, with the fleet's and the tags.
struct SettingsPreparation: Sendable {
    let gatherer: Gatherer
    let host: HostAccess
    let aws: AWSAccess
    let log: StepLog

    var authorities: String {
        TrustRoots.systemBundle { host.files.exists(FilePath($0)) } ?? ""
    }

    func relaySettings(_ inForce: SettingsInForce, _ facts: InstanceFacts) throws(StepFailure) -> NodeSettings {
        guard
            case .relay(let resolved) = try StepFailure.naming(
                "settings",
                { try inForce.reading(tags: facts.tags).inForce() }
            )
        else { preconditionFailure("a role that depends on tags") }
        return resolved.settings
    }

    /// The facts with the tags that the last settings that were right went by, where only the tags can't be read.
    func factsWithLastTags(_ error: any Error) -> InstanceFacts? {
        guard let unread = (error as? StepFailure)?.cause as? TagsUnread else { return nil }
        return gatherer.lastGood().map { unread.facts(tags: $0.tags) }
    }

    func withFleet(
        _ settings: SettingsInForce,
        _ facts: InstanceFacts,
        from place: FleetPlace?
    ) async throws -> SettingsInForce {
        do {
            return try await gatherer.withFleet(settings, facts, from: place)
        } catch {
            throw StepFailure(step: "settings", cause: error)
        }
    }

    /// The settings with the newest version of the fleet's, where it is time to take one.
    func renewed(
        _ settings: SettingsInForce,
        _ facts: InstanceFacts,
        _ request: PassRequest,
        _ record: PassRecord
    ) async throws -> SettingsInForce {
        guard !settings.isStandIn, let fleet = settings.early.fleet else { return settings }
        record.goes(by: fleet)
        // A node that leaves stays as it is, and a look at the host alone asks nobody.
        let isLeaving = (try? DrainOrders(files: host.files).current()) != nil
        let isTime = request.scope == .everything && !isLeaving && !record.goesBack
        guard settings.lacksFleet || isTime else { return settings }
        let renewal = FleetRenewal(
            store: FleetStore(files: host.files),
            fleet: fleet,
            reader: aws.account(of: facts, settings.early.metadata).fleet,
            log: log,
            memberships: record.membershipsBefore
        )
        do {
            let document = try await renewal.renew(isAsked: request.agent == nil, asksAnew: request.asksAnew) {
                try check(settings.with(fleet: $0), facts)
            }
            return document.map { settings.with(fleet: $0) } ?? settings
        } catch let error where !(error is CancellationError) {
            throw StepFailure(step: "settings", cause: error)
        }
    }

    /// Throws where a relay can't go by these settings.
    private func check(_ settings: SettingsInForce, _ facts: InstanceFacts) throws {
        guard case .relay(let resolved) = try settings.reading(tags: facts.tags).inForce() else { return }
        // The files can be written down, whatever the password is.
        _ = try RelayNode(
            settings: resolved.settings,
            facts: facts,
            authorities: authorities,
            password: Secret("elsewhere"),
            leaving: nil
        )
    }

    /// The tags that are wrong, which are left out. A node that was never set up does not begin without them, and one that
    /// an earlier version of this program has set up by such tags stays as it is.
    ///
    /// - Throws: What is wrong, where it is more than to be told.
    func wrongTags(_ settings: SettingsInForce, _ facts: InstanceFacts) throws(StepFailure) -> StepFailure? {
        let problems = settings.reading(tags: facts.tags).tagProblems
        guard !problems.isEmpty else { return nil }
        let failure = StepFailure(step: "settings", cause: SettingsProblems(problems: problems))
        guard let last = gatherer.lastGood(), !last.needsTrust else { throw failure }
        return failure
    }

    func warnOfTags(_ settings: SettingsInForce, _ facts: InstanceFacts) {
        for problem in settings.reading(tags: facts.tags).tagProblems { log.warning("settings", "\(problem)") }
    }
}
