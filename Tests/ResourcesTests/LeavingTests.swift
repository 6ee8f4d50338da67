import Host
import Reconcile
import RelayNode
import RelayTestSupport
import Resources
import Synchronization
import SystemPackage
import Testing

/// A Postfix that delivers a message only when it is told to for the third time.
private final class LateDelivery: CommandRunner {
    private let message: FilePath
    private let files: FileSystem
    private let count = Mutex(0)

    init(of message: FilePath, _ files: FileSystem) {
        self.message = message
        self.files = files
    }

    var flushes: Int { count.withLock { $0 } }

    func run(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        guard command.description == "postqueue -f" else { return CommandOutput(status: 0) }
        let flush = count.withLock {
            $0 += 1
            return $0
        }
        if flush == 3 { try? files.remove(message) }
        return CommandOutput(status: 0)
    }
}

struct LeavingTests {
    private let health: FilePath = "/run/smtp-relay-agent/www/health"

    /// A queue file as Postfix writes it: size, time of arrival, and more.
    private func message(arrived seconds: Int) -> [UInt8] {
        func record(_ type: Character, _ text: String) -> [UInt8] {
            [type.asciiValue ?? 0, UInt8(text.utf8.count)] + Array(text.utf8)
        }
        return record("C", "            412             165               1               0             412")
            + record("T", "\(seconds) 123456") + record("A", "rewrite_context=local")
    }

    private func queue(_ files: FileSystem, _ path: String, arrived: Int = 1_700_000_000) throws {
        let path = FilePath("/var/spool/postfix/\(path)")
        try files.createDirectory(path.removingLastComponent())
        try files.replace(path, with: message(arrived: arrived), attributes: FileAttributes())
    }

    @Test func theQueueIsCountedByState() async throws {
        try await withTemporaryRoot { files in
            try queue(files, "deferred/1/1A2B3C", arrived: 1_700_000_500)
            try queue(files, "deferred/F/F00D42", arrived: 1_700_000_100)
            try queue(files, "active/3C2B1A")
            try queue(files, "hold/4FyQwE2Qz3zKx")
            try queue(files, "maildrop/77")
            let counts = try PostfixQueue(files: files).counts()
            #expect(counts.deferred == 2)
            #expect(counts.active == 1)
            #expect(counts.hold == 1)
            #expect(counts.maildrop == 1)
            #expect(counts.incoming == 0)
            #expect(counts.oldestDeferred == 1_700_000_100)
            // What an operator holds is nothing to wait for.
            #expect(counts.waiting == 4)
        }
    }

    @Test func healthIsWithdrawnByItsFile() async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory(health.removingLastComponent())
            try files.replace(health, with: [], attributes: FileAttributes())
            let resource = WithdrawnHealth(file: health, files: files)
            #expect(try await Reconciler([resource]).converge { _ in }.count == 1)
            #expect(!files.exists(health))
            #expect(try await Reconciler([resource]).converge { _ in }.isEmpty)
        }
    }

    private func evacuation(
        _ files: FileSystem,
        _ runner: ScriptedRunner,
        to address: String?,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) -> QueueEvacuation {
        QueueEvacuation(
            address: { address },
            files: files,
            runner: runner,
            deadline: .now + .milliseconds(100),
            notice: notice
        )
    }

    @Test func anEmptyQueueNeedsNothing() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "hold/1A2B3C")
            let resource = evacuation(files, ScriptedRunner(), to: "[lb.example]:25")
            #expect(try await Reconciler([resource]).converge { _ in }.isEmpty)
        }
    }

    @Test func whatCanNotBeDeliveredGoesToTheOthers() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "deferred/1/1A2B3C")
            try files.createDirectory("/etc/postfix")
            let main: FilePath = "/etc/postfix/main.cf"
            try files.replace(main, with: Array("relayhost = [mine]\n".utf8), attributes: FileAttributes())
            let runner = ScriptedRunner([
                "postqueue -f": CommandOutput(status: 0), "postfix reload": CommandOutput(status: 0),
            ])
            let notices = Mutex<[String]>([])
            let resource = evacuation(files, runner, to: "[lb.example]:25") { text in
                notices.withLock { $0.append(text) }
            }
            _ = try await Reconciler([resource]).converge { _ in }
            #expect(runner.lines == ["postqueue -f", "postfix reload", "postqueue -f"])
            let text = String(decoding: try files.bytes(at: main), as: UTF8.self)
            #expect(text.hasPrefix("# smtp-relay-agent, until this node is back: relayhost = [mine]\n"))
            #expect(MainCf(text)["relayhost"] == "[lb.example]:25")
            #expect(notices.withLock { $0 }.first?.hasPrefix("1 messages are still queued") ?? false)
        }
    }

    @Test func whatComesBackWhileItIsHandedOverIsTriedAgain() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "deferred/1/1A2B3C")
            try files.createDirectory("/etc/postfix")
            try files.replace("/etc/postfix/main.cf", with: [], attributes: FileAttributes())
            let runner = LateDelivery(of: "/var/spool/postfix/deferred/1/1A2B3C", files)
            let resource = QueueEvacuation(
                address: { "[lb.example]:25" },
                files: files,
                runner: runner,
                deadline: .now + .seconds(60),
                flushTime: .milliseconds(10),
                notice: { Issue.record("nothing stays: \($0)") }
            )
            _ = try await Reconciler([resource]).converge { _ in }
            #expect(runner.flushes == 3)
        }
    }

    @Test func withoutOthersItStays() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "deferred/1/1A2B3C")
            let runner = ScriptedRunner(["postqueue -f": CommandOutput(status: 0)])
            _ = try await Reconciler([evacuation(files, runner, to: nil)]).converge { _ in }
            #expect(runner.lines == ["postqueue -f"])
        }
    }
}
