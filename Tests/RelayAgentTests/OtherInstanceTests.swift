import AgentLog
import Host
import Logging
import MailLogs
import RelayTestSupport
import Reports
import Resources
import Synchronization
import SystemPackage
import Testing
import Vocabulary

@testable import RelayAgent

/// Holds one of the deferred messages at a time.
private final class Postsuper: CommandRunner {
    private let files: FileSystem
    private let count = Mutex(0)

    init(files: FileSystem) { self.files = files }

    var runs: Int { count.withLock { $0 } }

    func run(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        count.withLock { $0 += 1 }
        guard command.description == "postsuper -h ALL" else { return CommandOutput(status: 1) }
        let queues: FilePath = "/var/spool/postfix"
        do {
            if let name = try files.names(in: queues.appending("deferred"))?.first {
                try files.remove(queues.appending("deferred").appending(name))
                try files.createDirectory(queues.appending("hold"))
                try files.put([], at: queues.appending("hold").appending(name))
            }
        } catch {
            return CommandOutput(status: 1)
        }
        return CommandOutput(status: 0)
    }
}

/// The files that an image or a snapshot brings from another instance.
struct OtherInstanceTests {
    private let log = StepLog(Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))

    private func settle(_ files: FileSystem, _ runner: any CommandRunner, on instance: String) async throws {
        let host = HostAccess.fake(files: files, runner: runner)
        try await OtherInstance(host: host, log: log).settle(on: InstanceID(instance))
    }

    private func queue(_ files: FileSystem, _ message: FilePath) throws {
        let path = FilePath("/var/spool/postfix").pushing(message)
        try files.createDirectory(path.removingLastComponent())
        try files.put([], at: path)
    }

    @Test func anOrderByHandHoldsForTheInstanceThatItWasGivenTo() async throws {
        try await withTemporaryRoot { files in
            let orders = DrainOrders(files: files)
            try orders.give(DrainOrder(.byHand, since: 1))
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            let own = try #require(try orders.current())
            #expect(own == DrainOrder(.byHand, of: try InstanceID("i-0000000a"), since: 1))
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            #expect(try orders.current() == own)
            #expect(own.isForeign(to: try InstanceID("i-0000000b")))
            try await settle(files, ScriptedRunner(), on: "i-0000000b")
            #expect(try orders.current() == nil)
        }
    }

    @Test func countsOfTheMailLogStayWithTheirInstance() async throws {
        try await withTemporaryRoot { files in
            let file = FollowedLogFile(files: files)
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            try file.write(FollowedLog(start: 1))
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            #expect(file.exists)
            try await settle(files, ScriptedRunner(), on: "i-0000000b")
            #expect(!file.exists)
        }
    }

    /// The file is as earlier versions wrote it.
    @Test func anOrderThatNamesNoInstanceHolds() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory(DrainOrders.lasting.removingLastComponent())
            try files.put(Array(#"{"reason":"by hand","since":7}"#.utf8), at: DrainOrders.lasting)
            let order = try #require(try DrainOrders(files: files).current())
            #expect(order == DrainOrder(.byHand, since: 7))
            #expect(!order.isForeign(to: try InstanceID("i-0000000a")))
        }
    }

    /// The file is as a later version may write it, met after the way back from there: the order holds, and stays as it
    /// was written.
    @Test(arguments: [
        #"{"format":2,"reason":"a new one","instance":"i-0000000a","since":7,"until":{"time":9}}"#,
        #"{"format":3,"reason":{"code":4},"instance":["i-0000000a"]}"#,
    ])
    func anOrderOfANewerVersionHoldsAndIsNotRewritten(text: String) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory(DrainOrders.lasting.removingLastComponent())
            try files.put(Array(text.utf8), at: DrainOrders.lasting)
            let orders = DrainOrders(files: files)
            #expect(try orders.current()?.reason == .newer)
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            var order = try #require(try orders.current())
            order.phase = .empty
            try orders.give(order)
            #expect(try files.bytes(at: DrainOrders.lasting) == Array(text.utf8))
            // The order's instance is known where the form did not change, and a person can withdraw it.
            #expect(order.isForeign(to: try InstanceID("i-0000000b")) == text.contains("format\":2"))
            #expect(try await orders.withdraw())
            #expect(try orders.current() == nil)
        }
    }

    @Test func anOrderIsWrittenWithItsFormat() async throws {
        try await withTemporaryRoot { files in
            try DrainOrders(files: files).give(DrainOrder(.byHand, since: 1))
            #expect(String(decoding: try files.bytes(at: DrainOrders.lasting), as: UTF8.self).contains(#""format":1"#))
        }
    }

    @Test func mailOfAnotherInstanceIsHeldOnceAndOwnMailNever() async throws {
        try await withTemporaryRoot { files in
            try queue(files, "deferred/A1B2C3")
            // A first pass takes the disk for this instance's, as it does after an upgrade from a version that kept no record.
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            let runner = Postsuper(files: files)
            try await settle(files, runner, on: "i-0000000b")
            #expect(runner.runs == 1)
            try await settle(files, runner, on: "i-0000000b")
            #expect(runner.runs == 1)
        }
    }

    /// The queue manager may move a message away from where postsuper looked.
    @Test func whatOneLookMissesIsHeldByTheNext() async throws {
        try await withTemporaryRoot { files in
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            for message in ["A1B2C3", "A1B2C4", "A1B2C5"] { try queue(files, FilePath("deferred/\(message)")) }
            let runner = Postsuper(files: files)
            try await settle(files, runner, on: "i-0000000b")
            #expect(runner.runs == 3)
            #expect(try PostfixQueue(files: files).counts().hold == 3)
        }
    }

    /// Mail that is on its way from one folder to another is seen in neither.
    @Test func whereNothingIsSeenToWaitItIsHeldAllTheSame() async throws {
        try await withTemporaryRoot { files in
            try queue(files, "hold/A1B2C3")
            let postsuper = FileAttributes(permissions: [.ownerReadWriteExecute, .groupReadExecute])
            try files.createDirectory("/usr/sbin")
            try files.replace("/usr/sbin/postsuper", with: [], attributes: postsuper)
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            let runner = Postsuper(files: files)
            try await settle(files, runner, on: "i-0000000b")
            #expect(runner.runs == 1)
        }
    }

    @Test func withoutPostfixNoCommandIsRun() async throws {
        try await withTemporaryRoot { files in
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            try await settle(files, ScriptedRunner(), on: "i-0000000b")
        }
    }

    @Test func mailThatMovesForEverStopsThePass() async throws {
        try await withTemporaryRoot { files in
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            try queue(files, "active/A1B2C3")
            let runner = ScriptedRunner(["postsuper -h ALL": CommandOutput(status: 0)])
            let failure = await #expect(throws: StepFailure.self) { try await settle(files, runner, on: "i-0000000b") }
            #expect(
                failure.map { "\($0)".contains("are still not on hold (1)") } == true
            )
        }
    }

    /// The disk counts as the other's until the mail is held: the next pass tries again.
    @Test func mailThatCannotBeHeldStopsThePass() async throws {
        try await withTemporaryRoot { files in
            try await settle(files, ScriptedRunner(), on: "i-0000000a")
            try queue(files, "incoming/A1B2C3")
            let runner = ScriptedRunner(["postsuper -h ALL": CommandOutput(status: 1)])
            await #expect(throws: StepFailure.self) { try await settle(files, runner, on: "i-0000000b") }
            await #expect(throws: StepFailure.self) { try await settle(files, runner, on: "i-0000000b") }
        }
    }
}
