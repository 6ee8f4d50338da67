import Host
import Logging
import RelayTestSupport
import Resources
import Synchronization
import SystemPackage
import Testing

@testable import RelayAgent

/// Someone who waits, and keeps what it hears.
private final class FakeRecipient: LaunchRecipient {
    struct Deaf: Error {}

    let name: String
    private let hears: Bool
    private let heard = Mutex<[LaunchOutcome]>([])

    init(_ name: String, hears: Bool = true) {
        self.name = name
        self.hears = hears
    }

    var outcomes: [LaunchOutcome] { heard.withLock { $0 } }

    func word(for outcome: LaunchOutcome) -> String { outcome.rawValue }

    func tell(_ outcome: LaunchOutcome) throws -> Reception {
        heard.withLock { $0.append(outcome) }
        if !hears { throw Deaf() }
        return .taken
    }
}

struct LaunchAnswersTests {
    private func answers(_ files: FileSystem, _ recipients: [FakeRecipient]) -> LaunchAnswers {
        let log = StepLog(Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        return LaunchAnswers(recipients, files: files, log: log)
    }

    @Test func eachIsToldOnceWhateverComesLater() async throws {
        try await withTemporaryRoot { (files) async throws in
            let (hook, stack) = (FakeRecipient("hook"), FakeRecipient("stack"))
            try await answers(files, [hook]).give(.failed)
            try await answers(files, [hook, stack]).give(.inService)
            try await answers(files, [hook, stack]).give(.failed)
            #expect(hook.outcomes == [.failed])
            #expect(stack.outcomes == [.inService])
        }
    }

    @Test func whoCouldNotBeToldIsToldTheSameLaterAndKeepsNobodyElseFromIt() async throws {
        try await withTemporaryRoot { (files) async throws in
            let (deaf, stack) = (FakeRecipient("hook", hears: false), FakeRecipient("stack"))
            let failure = await #expect(throws: StepFailure.self) {
                try await answers(files, [deaf, stack]).give(.inService)
            }
            #expect(failure?.step == "launch")
            #expect(stack.outcomes == [.inService])
            let mended = FakeRecipient("hook")
            try await answers(files, [mended, stack]).give(.failed)
            #expect(mended.outcomes == [.inService])
            #expect(stack.outcomes == [.inService])
        }
    }

    @Test func nothingIsWrittenWhereNobodyWaits() async throws {
        try await withTemporaryRoot { (files) async throws in
            try await answers(files, []).give(.inService)
            #expect(!files.exists("/run/smtp-relay-agent/launch.json"))
        }
    }
}
