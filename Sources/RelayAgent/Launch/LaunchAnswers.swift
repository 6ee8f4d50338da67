import AgentLog
import Host
import Resources
package import SystemPackage
import Vocabulary

/// The answers to the hook and the stack that wait for the result of the launch: one each, however often it is tried.
///
/// An answer is first written down, then sent, then marked as sent. A failure that nobody was told of is forgotten once
/// the node is in service; that a launch has brought it there stays true. AWS takes one answer, the first that reaches it.
package struct LaunchAnswers: Sendable {
    private let recipients: [any LaunchRecipient]
    private let instance: InstanceID?
    private let files: FileSystem
    private let log: StepLog

    /// Held by the bootstrap whose end is the launch's, and by nobody who does not answer for it.
    package static let lock: FilePath = "/run/smtp-relay-agent/launch.lock"
    private static let record: FilePath = "/run/smtp-relay-agent/launch.json"

    /// - Parameter instance: The one that is launched: where /run is on the disk, an image brings another one's answers.
    init(_ recipients: [any LaunchRecipient], instance: InstanceID?, files: FileSystem, log: StepLog) {
        self.recipients = recipients
        self.instance = instance
        self.files = files
        self.log = log
    }

    private struct Answer: Codable {
        var outcome: LaunchOutcome
        var isGiven: Bool
    }

    private struct Record: Codable {
        let boot: String?
        let instance: InstanceID?
        var answers: [String: Answer]
    }

    /// Reports to each recipient that had no report since the boot.
    ///
    /// - Throws: `StepFailure` of the first report that failed. The other reports were sent.
    func give(_ outcome: LaunchOutcome) async throws {
        guard !recipients.isEmpty else { return }
        var record = read()
        for recipient in recipients {
            if let known = record.answers[recipient.name], known.isGiven || known.outcome == .inService { continue }
            record.answers[recipient.name] = Answer(outcome: outcome, isGiven: false)
        }
        try file.write(record)
        var failure: (any Error)?
        for recipient in recipients {
            guard let answer = record.answers[recipient.name], !answer.isGiven else { continue }
            do {
                try await give(answer.outcome, to: recipient)
                record.answers[recipient.name]?.isGiven = true
                try file.write(record)
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

    private func read() -> Record {
        let none = Record(boot: files.bootID, instance: instance, answers: [:])
        if let record = file.read() {
            let isOwn =
                record.boot == none.boot && (record.instance == nil || instance == nil || record.instance == instance)
            return isOwn ? record : none
        }
        // Earlier versions wrote the answers alone.
        let answers = StateFile<[String: Answer]>(Self.record, in: files).read()
        return Record(boot: files.bootID, instance: instance, answers: answers ?? [:])
    }

    private var file: StateFile<Record> { StateFile(Self.record, in: files) }
}
