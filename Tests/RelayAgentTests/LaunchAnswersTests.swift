import AgentLog
import Host
import Logging
import RelayTestSupport
import Resources
import Synchronization
import SystemPackage
import Testing
import Vocabulary

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
    private func answers(
        _ files: FileSystem,
        _ recipients: [FakeRecipient],
        instance: InstanceID? = nil
    ) -> LaunchAnswers {
        let log = StepLog(Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        return LaunchAnswers(recipients, instance: instance, files: files, log: log)
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

    @Test func whoCouldNotBeToldIsToldLaterWhatIsTrueThenAndKeepsNobodyElseFromIt() async throws {
        try await withTemporaryRoot { (files) async throws in
            let (deaf, stack) = (FakeRecipient("hook", hears: false), FakeRecipient("stack"))
            let failure = await #expect(throws: StepFailure.self) {
                try await answers(files, [deaf, stack]).give(.failed)
            }
            #expect(failure?.step == "launch")
            #expect(stack.outcomes == [.failed])
            // A role without permissions was mended, and the node is in service now.
            let mended = FakeRecipient("hook")
            try await answers(files, [mended, stack]).give(.inService)
            #expect(mended.outcomes == [.inService])
            #expect(stack.outcomes == [.failed])
        }
    }

    @Test func whoWasInServiceIsNotAbandonedForWhatFailsLater() async throws {
        try await withTemporaryRoot { (files) async throws in
            let deaf = FakeRecipient("hook", hears: false)
            try? await answers(files, [deaf]).give(.inService)
            let hook = FakeRecipient("hook")
            try await answers(files, [hook]).give(.failed)
            #expect(hook.outcomes == [.inService])
        }
    }

    @Test func anotherInstancesAnswersCountForNothing() async throws {
        try await withTemporaryRoot { (files) async throws in
            let (first, second) = (FakeRecipient("hook"), FakeRecipient("hook"))
            try await answers(files, [first], instance: InstanceID("i-0123456789abcdef0")).give(.inService)
            try await answers(files, [second], instance: InstanceID("i-0123456789abcdef1")).give(.inService)
            #expect(second.outcomes == [.inService])
        }
    }

    @Test func nothingIsWrittenWhereNobodyWaits() async throws {
        try await withTemporaryRoot { (files) async throws in
            try await answers(files, []).give(.inService)
            #expect(!files.exists("/run/smtp-relay-agent/launch.json"))
        }
    }
}
