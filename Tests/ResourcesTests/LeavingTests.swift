import Host
import Reconcile
import RelayNode
import RelayTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import Resources

/// A host whose Postfix runs, and does with its queue what a test wants at each flush.
private final class FlushedPostfix: CommandRunner {
    private let files: FileSystem
    private let state = Mutex((lines: [String](), flushes: 0))
    private let flush: @Sendable (_ count: Int, _ mainCf: MainCf, FileSystem) throws -> Void

    private let stop: @Sendable (FileSystem) throws -> Void

    init(
        _ files: FileSystem,
        stop: @escaping @Sendable (FileSystem) throws -> Void = { _ in },
        flush: @escaping @Sendable (_ count: Int, _ mainCf: MainCf, FileSystem) throws -> Void
    ) {
        self.files = files
        self.stop = stop
        self.flush = flush
    }

    var lines: [String] { state.withLock { $0.lines } }

    func run(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        let count = state.withLock { state in
            state.lines.append(command.description)
            if command.description == "postqueue -f" { state.flushes += 1 }
            return state.flushes
        }
        if command.description == "postqueue -f" {
            let text = (try? files.bytes(at: "/etc/postfix/main.cf")) ?? []
            try? flush(count, MainCf(String(decoding: text, as: UTF8.self)), files)
        }
        if command.description == "postfix stop" { try? stop(files) }
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
            // Mail that an operator holds is not waited for.
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

    private func emptying(
        _ files: FileSystem,
        _ runner: FlushedPostfix,
        to ways: [String],
        within time: Duration = .seconds(600),
        notice: @escaping @Sendable (String) -> Void = { _ in },
        warn: @escaping @Sendable () -> String? = { nil }
    ) throws -> EmptyQueue {
        try files.createDirectory("/var/spool/postfix/active")
        try files.createDirectory("/etc/postfix")
        let main: FilePath = "/etc/postfix/main.cf"
        let closed = MainCf("relayhost = [mine]\n").leaving(LeavingRoutes(closed: ["smtp.inet"])).text
        try files.replace(main, with: Array(closed.utf8), attributes: FileAttributes())
        try files.replace("/etc/postfix/master.cf", with: [], attributes: FileAttributes())
        let services = ServiceBoard(manager: NoServiceManager(), services: [])
        return EmptyQueue(
            postfix: LeavingPostfix(services: services, runner: runner, files: files),
            queue: PostfixQueue(files: files),
            ways: { tell in
                if let warning = warn() { tell(warning) }
                return ways
            },
            deadline: .now + time,
            attempting: { _ in },
            holds: {},
            notice: notice,
            pace: .milliseconds(5),
            rest: .milliseconds(20),
            patience: .milliseconds(50)
        )
    }

    @Test func anEmptyQueueNeedsNothing() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "hold/1A2B3C")
            let runner = FlushedPostfix(files) { _, _, _ in Issue.record("there is nothing to try") }
            #expect(try await Reconciler([emptying(files, runner, to: ["[lb.example]:25"])]).converge { _ in }.isEmpty)
        }
    }

    @Test func aPostfixThatDoesNotMoveItsMailIsStartedAgainOnce() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "maildrop/77")
            let runner = FlushedPostfix(files, stop: { try $0.remove("/var/spool/postfix/maildrop/77") }) { _, _, _ in }
            let told = Mutex<[String]>([])
            let resource = try emptying(files, runner, to: []) { text in told.withLock { $0.append(text) } }
            #expect(try await Reconciler([resource]).converge { _ in }.count == 1)
            #expect(runner.lines.count { $0 == "postfix stop" } == 1)
            #expect(told.withLock { $0.count { $0.contains("does not move its mail") } } == 1)
        }
    }

    @Test func aWarningThatDiffersInItsNumbersAloneIsToldOnce() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "deferred/1/1A2B3C")
            let told = Mutex<[String]>([])
            let looks = Mutex(0)
            let runner = FlushedPostfix(files) { count, _, files in
                if count == 4 { try files.remove("/var/spool/postfix/deferred/1/1A2B3C") }
            }
            let resource = try emptying(
                files,
                runner,
                to: [],
                notice: { text in told.withLock { $0.append(text) } },
                warn: {
                    let look = looks.withLock { looks in
                        looks += 1
                        return looks
                    }
                    return "no answer for \(look) s (request a\(look)-b)"
                }
            )
            _ = try await Reconciler([resource]).converge { _ in }
            #expect(looks.withLock { $0 } > 2)
            #expect(told.withLock { $0.count { $0.contains("no answer") } } == 1)
        }
    }

    @Test func aQueueThatIsNotThereIsNotEmpty() async throws {
        try await withTemporaryRoot { (files) async throws in
            _ = try emptying(files, FlushedPostfix(files) { _, _, _ in }, to: [])
            try files.replace(
                "/etc/postfix/main.cf",
                with: Array("queue_directory = /data/postfix\n".utf8),
                attributes: FileAttributes()
            )
            let moved = EmptyQueue(
                postfix: LeavingPostfix(
                    services: ServiceBoard(manager: NoServiceManager(), services: []),
                    runner: FlushedPostfix(files) { _, _, _ in },
                    files: files
                ),
                queue: PostfixQueue(files: files),
                ways: { _ in [] },
                deadline: .now,
                attempting: { _ in },
                holds: {},
                notice: { _ in }
            )
            await #expect(throws: MissingQueue.self) { try await moved.check() }
            try files.createDirectory("/data/postfix/deferred")
            try files.createDirectory("/data/postfix/active")
            try files.replace("/data/postfix/deferred/1A2B3C", with: [], attributes: FileAttributes())
            guard case .drifted = try await moved.check() else {
                Issue.record("a queue elsewhere counts")
                return
            }
        }
    }

    @Test func mailIsHandedToTheOthersPastAllRoutesAndDelays() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "deferred/1/1A2B3C")
            let seen = Mutex<MainCf?>(nil)
            let runner = FlushedPostfix(files) { _, main, files in
                seen.withLock { $0 = main }
                try files.remove("/var/spool/postfix/deferred/1/1A2B3C")
            }
            let resource = try emptying(files, runner, to: ["[lb.example]:25"])
            let changes = try await Reconciler([resource]).converge { _ in }
            #expect(changes.map(\.summary) == ["deliver or hand over 1 message"])
            let main = try #require(seen.withLock { $0 })
            #expect(main["default_transport"] == "evacuation:[lb.example]:25")
            #expect(main["relay_transport"] == "evacuation:[lb.example]:25")
            #expect(main["relayhost"] == "")
            #expect(main["transport_maps"] == "")
            #expect(main["evacuation_destination_rate_delay"] == "0s")
            #expect(main["master_service_disable"] == "smtp.inet")
            let text = String(decoding: try files.bytes(at: "/etc/postfix/main.cf"), as: UTF8.self)
            #expect(text.hasPrefix("# smtp-relay-agent, until this node is back: relayhost = [mine]\n"))
            let master = String(decoding: try files.bytes(at: "/etc/postfix/master.cf"), as: UTF8.self)
            #expect(master.contains("-o soft_bounce=yes"))
        }
    }

    @Test func whatTheOthersRefuseIsTriedAtItsUsualDestinationAndThenAtTheOthersAgain() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "deferred/1/1A2B3C")
            let routes = Mutex<[String?]>([])
            let runner = FlushedPostfix(files) { count, main, files in
                routes.withLock { $0.append(main["default_transport"]) }
                if count == 4 { try files.remove("/var/spool/postfix/deferred/1/1A2B3C") }
            }
            let resource = try emptying(files, runner, to: ["[a]:25", "[b]:25"])
            _ = try await Reconciler([resource]).converge { _ in }
            #expect(routes.withLock { $0 } == ["evacuation:[a]:25", "evacuation:[b]:25", nil, "evacuation:[a]:25"])
        }
    }

    @Test func withoutOthersItIsTriedAgainAndAgain() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "deferred/1/1A2B3C")
            let runner = FlushedPostfix(files) { count, _, files in
                if count == 3 { try files.remove("/var/spool/postfix/deferred/1/1A2B3C") }
            }
            _ = try await Reconciler([emptying(files, runner, to: [])]).converge { _ in }
            #expect(runner.lines.count { $0 == "postqueue -f" } == 3)
        }
    }

    @Test func whatNobodyTakesIsGivenUpAtTheDeadlineAndNotBefore() async throws {
        try await withTemporaryRoot { (files) async throws in
            try queue(files, "deferred/1/1A2B3C")
            let began = ContinuousClock.now
            let runner = FlushedPostfix(files) { _, _, _ in }
            let resource = try emptying(files, runner, to: ["[a]:25"], within: .milliseconds(300))
            _ = try await Reconciler([resource]).converge { _ in }
            #expect(ContinuousClock.now - began >= .milliseconds(300))
        }
    }

    @Test func aHandOverThatWasCutOffBeforeTheReloadIsLoaded() async throws {
        try await withTemporaryRoot { (files) async throws in
            let runner = FlushedPostfix(files) { _, _, _ in }
            _ = try emptying(files, runner, to: [])
            let services = ServiceBoard(manager: NoServiceManager(), services: [])
            let postfix = LeavingPostfix(services: services, runner: runner, files: files)
            let routes = LeavingRoutes(handOver: "[a]:25", closed: ["smtp.inet"])
            try await postfix.take(routes)
            try await postfix.take(routes)
            #expect(runner.lines == ["postfix reload"])
            // The file is as a process leaves it that was killed in between.
            let text = MainCf(String(decoding: try files.bytes(at: "/etc/postfix/main.cf"), as: UTF8.self)).leaving(nil)
                .text
            try files.replace("/etc/postfix/main.cf", with: Array(text.utf8), attributes: FileAttributes())
            try await postfix.take(LeavingRoutes())
            #expect(runner.lines == ["postfix reload", "postfix reload"])
        }
    }

    @Test func sendersAreRefusedByATableThatTheHandOverKeeps() async throws {
        try await withTemporaryRoot { (files) async throws in
            let runner = FlushedPostfix(files) { _, _, _ in }
            _ = try emptying(files, runner, to: [])
            let services = ServiceBoard(manager: NoServiceManager(), services: [])
            let postfix = LeavingPostfix(services: services, runner: runner, files: files)
            #expect(try !postfix.isRefusing)
            try await postfix.take(LeavingRoutes(refusesMail: true))
            try await postfix.take(postfix.routes(handOver: "[a]:25"))
            #expect(try postfix.isRefusing)
            #expect(try postfix.routes() == LeavingRoutes(closed: [], refusesMail: true))
            #expect(runner.lines == ["postfix reload", "postfix reload"])
            let table = String(decoding: try files.bytes(at: "/etc/postfix/leaving_table"), as: UTF8.self)
            #expect(table.contains("\n0.0.0.0/0 421 4.3.2 "))
            try await postfix.take(LeavingRoutes())
            #expect(try !postfix.isRefusing)
        }
    }

    @Test func anOrderOfAnEarlierVersionRefusesNothing() throws {
        let text = #"{"reason":"by hand","since":1,"routes":{"handOver":"[a]:25","closed":["smtp.inet"]}}"#
        let order = try #require(DrainOrder(reading: Array(text.utf8)))
        #expect(order.routes == LeavingRoutes(handOver: "[a]:25", closed: ["smtp.inet"]))
    }

    @Test func sessionsAreEndedBetweenMessagesWhereThatIsPossible() async throws {
        let messages = Mutex([2, 1, 0, 5])
        let busy = OpenSessions { messages.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
        #expect(try await busy.untilBetweenMessages(by: .now + .seconds(600)) == 0)
        #expect(try await busy.untilBetweenMessages(by: .now) == 5)
    }

    @Test func whatStaysIsNamedByDomain() {
        let list = """
            -Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
            4FyQwE2Qz3zKx*     412 Sun Nov 29 20:50:31  app@example.com
                                                     someone@Example.net
                                                     other@example.net

            4FyQwE2Qz3zKy      412 Sun Nov 29 20:50:31  app@example.com
            (connect to mx.example.org[192.0.2.1]:25: Connection refused)
                                                     someone@example.org
                         (host says: 450 for <a@b.example>)
                                                     someone@example.net

            -- 1 Kbytes in 2 Requests.

            """
        let shares = LeftBehind.shares(in: list)
        #expect(shares.map(\.domain) == ["example.net", "example.org"])
        #expect(shares.map(\.messages) == [2, 1])
        let left = LeftBehind(waiting: 2, held: 1, shares: shares)
        #expect(
            left.description
                == "2 messages are still queued here, and 1 on hold: 2 for example.net, 1 for example.org"
        )
    }
}
