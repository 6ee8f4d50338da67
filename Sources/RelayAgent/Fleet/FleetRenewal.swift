import AWS
import AgentLog
import Host
import Resources
import Vocabulary

/// Takes a new version of the fleet's settings, where it is time and where it passes every check.
struct FleetRenewal: Sendable {
    let store: FleetStore
    let fleet: FleetSettings
    let reader: any FleetReading
    let log: StepLog
    /// Whether each membership is in service now.
    let memberships: [String: Bool]
    /// Seconds since 1970.
    var now: @Sendable () -> Int = { Timestamp.seconds }

    /// A node that has a version does not wait for longer.
    private static let patience: Duration = .seconds(10)
    /// Seconds after a reading that failed.
    private static let pause = 60

    /// - Parameters:
    ///   - isAsked: Whether somebody asks for it now.
    ///   - asksAnew: Whether a version that did not work before gets another chance.
    ///   - check: Throws where a node can't go by a version.
    /// - Returns: The version to go by; `nil` where it is the one in force.
    /// - Throws: Where no version is in force, and none can be taken.
    func renew(
        isAsked: Bool,
        asksAnew: Bool,
        check: (FleetDocument) async throws -> Void
    ) async throws -> FleetDocument? {
        var versions = store.versions(of: fleet.place)
        let isFirst = versions.inForce == nil
        let now = now()
        guard isFirst || isAsked || versions.isDue(at: now, every: fleet.interval) else { return nil }
        let document: FleetDocument
        do {
            let reader = reader
            let place = fleet.place
            document =
                isFirst
                ? try await reader.document(at: place)
                : try await within(Self.patience) { try await reader.document(at: place) }
        } catch {
            try Task.checkCancellation()
            let failure = FleetUnread(place: fleet.place, version: versions.inForce?.version, cause: error)
            versions.unread = "\(failure)"
            versions.dueAt = now + min(Self.pause, Int(fleet.interval.components.seconds))
            try? store.write(versions)
            if isFirst { throw failure }
            log.warning("settings", "\(failure)")
            return nil
        }
        versions.unread = nil
        versions.readAt = now
        // A quarter more or less, so that the nodes of a fleet do not change at once.
        versions.dueAt = now + Int((fleet.interval * Double.random(in: 0.75...1.25)).components.seconds)
        let result = await take(document, isFirst: isFirst, asksAnew: asksAnew, into: &versions, check: check)
        // A version that is not on the disk would be gone with this process.
        try store.write(versions)
        return try result.get()
    }

    private func take(
        _ document: FleetDocument,
        isFirst: Bool,
        asksAnew: Bool,
        into versions: inout FleetVersions,
        check: (FleetDocument) async throws -> Void
    ) async -> Result<FleetDocument?, any Error> {
        if document.text == versions.inForce?.text {
            versions.refused = nil
            // A newer number for the same text.
            if versions.trial != nil { versions.trial?.document = document } else { versions.proven = document }
            return .success(nil)
        }
        if let refused = versions.refused, refused.wasTried, refused.document.text == document.text, !asksAnew {
            log.warning("settings", "\(FleetRefused(refused, inForce: versions.inForce))")
            return .success(nil)
        }
        do {
            guard document.text.utf8.count <= Self.sizeLimit else { throw UnusableFleetDocument.tooLarge }
            guard document.text.contains(where: { !$0.isWhitespace }) else { throw UnusableFleetDocument.empty }
            try await check(document)
        } catch {
            if Task.isCancelled { return .failure(error) }
            let refused = FleetVersions.Refusal(
                document: document,
                reason: "\(error)",
                at: now(),
                wasTried: false
            )
            versions.refused = refused
            let failure = FleetRefused(refused, inForce: versions.inForce)
            if isFirst { return .failure(failure) }
            log.warning("settings", "\(failure)")
            return .success(nil)
        }
        versions.refused = nil
        versions.trial = FleetVersions.Trial(document: document, since: now(), before: memberships)
        log.notice("settings", "taking version \(document.version) of \(document.place)")
        return .success(document)
    }

    /// Bytes; more than any settings take.
    static let sizeLimit = 256 * 1024
}

/// The fleet's settings can't be read.
struct FleetUnread: Error, CustomStringConvertible {
    let place: FleetPlace
    /// The version that the node goes by meanwhile; `nil` where there is none.
    let version: String?
    let cause: any Error

    var description: String {
        let consequence = version.map { "the node keeps version \($0)" } ?? "the node has no version yet"
        return "fleet.settings: \(place) can't be read, so \(consequence): \(reason)\(hint)"
    }

    private var reason: String { cause is TookTooLong ? "no answer came within ten seconds" : "\(cause)" }

    /// S3 hides from a role that may not list a bucket whether an object is there.
    private var hint: String {
        guard case .object = place, (cause as? AWSFailure)?.error?.isAccessDenied == true else { return "" }
        return "; S3 answers the same where there is no such object"
    }
}

/// A version of the fleet's settings that the node does not take.
struct FleetRefused: Error, CustomStringConvertible {
    let description: String

    init(_ refused: FleetVersions.Refusal, inForce: FleetDocument?) {
        let consequence = inForce.map { "the node keeps version \($0.version)" } ?? "the node has no other version"
        let why = refused.wasTried ? "did not work" : "is refused"
        let document = refused.document
        self.description =
            "fleet.settings: version \(document.version) of \(document.place) \(why), and \(consequence): \(refused.reason)"
    }
}

/// A text that nobody can have meant as settings.
enum UnusableFleetDocument: Error, CustomStringConvertible {
    case tooLarge
    /// As an upload that was cut short leaves it.
    case empty

    var description: String {
        switch self {
        case .tooLarge: "it is larger than \(FleetRenewal.sizeLimit / 1024) KiB"
        case .empty: "it is empty; for no settings, write a comment (# none)"
        }
    }
}
