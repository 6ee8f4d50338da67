import FoundationEssentials
import Host
import Resources
package import SystemPackage

/// The answers to all who wait to hear how the launch ended: one each, whoever gives it, and however often it is tried.
///
/// What is to be said is written down first, then said, then ticked off. So who finds an answer that was cut short by the
/// end of the process says the same again, and not another thing; AWS takes the same from the same instance once.
package struct LaunchAnswers: Sendable {
    private let recipients: [any LaunchRecipient]
    private let files: FileSystem
    private let log: StepLog

    /// Held by the bootstrap whose end is the launch's, and by nobody who does not answer for it.
    package static let lock: FilePath = "/run/smtp-relay-agent/launch.lock"
    private static let record: FilePath = "/run/smtp-relay-agent/launch.json"

    init(_ recipients: [any LaunchRecipient], files: FileSystem, log: StepLog) {
        self.recipients = recipients
        self.files = files
        self.log = log
    }

    private struct Answer: Codable {
        let outcome: LaunchOutcome
        var isGiven: Bool
    }

    /// Tells everyone who was not told on this boot.
    ///
    /// - Throws: `StepFailure` of the first who could not be told. The others were.
    func give(_ outcome: LaunchOutcome) async throws {
        guard !recipients.isEmpty else { return }
        var answers = read()
        for recipient in recipients where answers[recipient.name] == nil {
            answers[recipient.name] = Answer(outcome: outcome, isGiven: false)
        }
        try write(answers)
        var failure: (any Error)?
        for recipient in recipients {
            guard let answer = answers[recipient.name], !answer.isGiven else { continue }
            do {
                try await give(answer.outcome, to: recipient)
                answers[recipient.name]?.isGiven = true
                try write(answers)
            } catch {
                let told = "\(recipient.name) could not be told \(recipient.word(for: answer.outcome)): \(error)"
                log.failed("launch", told)
                failure = failure ?? error
            }
        }
        if let failure { throw StepFailure(step: "launch", cause: failure) }
    }

    private func give(_ outcome: LaunchOutcome, to recipient: any LaunchRecipient) async throws {
        let started = ContinuousClock.now
        switch try await recipient.tell(outcome) {
        case .taken:
            let what = "tell \(recipient.name): \(recipient.word(for: outcome))"
            log.done("launch", what, after: ContinuousClock.now - started)
        case .notWanted(because: let why): log.notice("launch", "\(recipient.name) waits for no answer: \(why)")
        }
    }

    private func read() -> [String: Answer] {
        guard let bytes = try? files.bytes(at: Self.record) else { return [:] }
        return (try? JSONDecoder().decode([String: Answer].self, from: Data(bytes))) ?? [:]
    }

    private func write(_ answers: [String: Answer]) throws {
        try files.createDirectory(Self.record.removingLastComponent())
        try files.replace(Self.record, with: Array(try JSONEncoder().encode(answers)), attributes: FileAttributes())
    }
}
