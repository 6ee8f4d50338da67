import AWS
import AgentLog
import Facts
import Resources
import Vocabulary

/// The verdict on a version of the fleet's settings that is on trial.
struct FleetTrial: Sendable {
    let store: FleetStore
    let place: FleetPlace
    let log: StepLog
    /// Seconds since 1970.
    var now: @Sendable () -> Int = { Timestamp.seconds }

    enum Verdict: Sendable {
        case open
        case works
        case failed(because: String)
    }

    /// Seconds: load balancers need some checks before they call a node out of service.
    private static let settling = 60
    /// Seconds: a check that fails once is no verdict.
    private static let doubt = 8

    /// After a pass that has succeeded.
    ///
    /// - Parameters:
    ///   - memberships: The memberships as the pass has seen them; `nil` where it has not looked.
    ///   - patience: How long a node may take to be in service where it was not before.
    /// - Throws: `FileFailure`.
    func verdict(_ memberships: [MembershipReport]?, patience: Duration) throws -> Verdict {
        var versions = store.versions(of: place)
        guard var trial = versions.trial else { return .open }
        // There is nothing to go back to.
        guard versions.proven != nil else { return .works }
        guard let memberships else { return .open }
        let (now, age) = (now(), now() - trial.since)
        func failed(_ report: MembershipReport) -> Verdict {
            .failed(because: "since then, \(report.name) has the node as \(report.state)")
        }
        let out = memberships.filter { !$0.isInService && trial.before[$0.name] != false }
        if let gone = out.first(where: { trial.before[$0.name] == true }) {
            if let since = trial.outSince, now - since >= Self.doubt || age >= 2 * Self.settling { return failed(gone) }
            trial.outSince = trial.outSince ?? now
        } else {
            trial.outSince = nil
        }
        if trial != versions.trial {
            versions.trial = trial
            try store.write(versions)
        }
        if let new = out.first {
            let isLate = trial.before[new.name] == nil && age >= Self.settling + Int(patience.components.seconds)
            return isLate ? failed(new) : .open
        }
        return memberships.isEmpty || age >= Self.settling ? .works : .open
    }

    /// Whether a pass may have failed because of the version on trial, and there is one to go back to.
    func isSuspect(_ failures: [StepFailure]) -> Bool {
        guard store.versions(of: place).canGoBack else { return false }
        return failures.contains { !$0.isInTheWay && !$0.isLeaving && !$0.cause.mayPass }
    }

    /// The version has worked.
    func prove() throws {
        var versions = store.versions(of: place)
        guard let trial = versions.trial else { return }
        versions.proven = trial.document
        versions.trial = nil
        try store.write(versions)
        log.notice("settings", "version \(trial.document.version) of \(place) is in force and works")
    }

    /// Goes back to the version before.
    ///
    /// - Returns: The version that was on trial.
    func goBack(because reason: String) throws -> FleetDocument? {
        var versions = store.versions(of: place)
        guard let trial = versions.trial, let proven = versions.proven else { return nil }
        versions.trial = nil
        try store.write(versions)
        log.failed(
            "settings",
            "version \(trial.document.version) of \(place) does not work; going back to \(proven.version): \(reason)"
        )
        return trial.document
    }

    /// Remembers that a version did not work: without it, the node does.
    func refuse(_ document: FleetDocument, because reason: String) throws {
        var versions = store.versions(of: place)
        let refused = FleetVersions.Refusal(document: document, reason: reason, at: now(), wasTried: true)
        versions.refused = refused
        try store.write(versions)
        log.failed("settings", "\(FleetRefused(refused, inForce: versions.inForce))")
    }
}

extension Error {
    /// Whether it may pass by itself, whatever the settings are.
    fileprivate var mayPass: Bool {
        if let failure = self as? AWSFailure { return failure.mayPass }
        return self is MetadataFailure
    }
}
