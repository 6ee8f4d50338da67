import Glibc
import Host
import Reconcile
import RelayNode
import RelayTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import Resources

/// A service of two files, whose probe looks at what stands there.
private struct TwoFiles: ServiceConfiguration {
    struct Wrong: Error {}

    let service = ServiceName("demo")
    let paths: [FilePath] = ["/etc/demo/table", "/etc/demo/demo.conf"]
    let files: FileSystem
    /// The agent's line of each; the rest is the operator's.
    var line: String
    /// With which lines it does not work.
    var broken: Set<String> = []
    /// The event while it is seen at work.
    var meanwhile: @Sendable () throws -> Void = {}
    var ports: [UInt16] = []

    func desired(from current: [FilePath: String]) -> [FilePath: String] {
        Dictionary(uniqueKeysWithValues: paths.map { ($0, Self.set(line, in: current[$0] ?? "")) })
    }

    private static func set(_ line: String, in text: String) -> String {
        let rest = text.split(separator: "\n").filter { !$0.hasPrefix("agent ") }
        return (rest + ["agent \(line)"]).joined(separator: "\n") + "\n"
    }

    func action(from current: [FilePath: String], to desired: [FilePath: String]) -> ServiceAction {
        current == desired ? .none : .reload
    }

    func newPorts(from current: [FilePath: String], to desired: [FilePath: String]) -> [UInt16] {
        current == desired ? [] : ports
    }

    func validate(_ candidate: [FilePath: [UInt8]]) {}

    func probe() async throws {
        try meanwhile()
        try Task.checkCancellation()
        for path in paths {
            let text = String(decoding: try files.bytes(at: path), as: UTF8.self)
            if broken.contains(where: { text.contains("agent \($0)\n") }) { throw Wrong() }
        }
    }
}

struct GenerationsTests {
    private let name = ServiceName("demo")
    private let conf: FilePath = "/etc/demo/demo.conf"
    private let table: FilePath = "/etc/demo/table"

    /// A host on which the service has been proven with the line `one`.
    private func withProven(_ body: (FileSystem, FakeServices) async throws -> Void) async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory("/etc/demo")
            try put("mine\n", at: conf, files)
            let running = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
            let services = FakeServices([name: running])
            try await pass(TwoFiles(files: files, line: "one"), files, services)
            try await body(files, services)
        }
    }

    private func put(_ text: String, at path: FilePath, _ files: FileSystem) throws {
        try files.replace(path, with: Array(text.utf8), attributes: FileAttributes())
    }

    private func service(
        _ configuration: TwoFiles,
        _ files: FileSystem,
        _ services: FakeServices,
        at time: Int = 1_000_000
    ) -> ConfiguredService {
        let board = ServiceBoard(manager: services, services: [name])
        return ConfiguredService(configuration, services: board, files: files, now: { time })
    }

    @discardableResult
    private func pass(
        _ configuration: TwoFiles,
        _ files: FileSystem,
        _ services: FakeServices,
        at time: Int = 1_000_000
    ) async throws -> [String] {
        let service = service(configuration, files, services, at: time)
        guard case .drifted(let drift) = try await service.check() else {
            try service.markProven()
            return []
        }
        try await drift.apply()
        try service.markProven()
        return drift.changes.map(\.summary)
    }

    private func text(_ path: FilePath, _ files: FileSystem) throws -> String {
        String(decoding: try files.bytes(at: path), as: UTF8.self)
    }

    @Test func aFailedChangeIsRememberedAndTriedAgainAfterAPauseThatGrows() async throws {
        try await withProven { (files, services) async throws in
            let broken = TwoFiles(files: files, line: "two", broken: ["two"])
            let first = await #expect(throws: FailedChange.self) { try await pass(broken, files, services) }
            #expect(first?.description.contains("so the previous files are back") == true)
            #expect(try text(conf, files) == "mine\nagent one\n")
            let told = services.told.count
            // Nothing is touched before the pause is over, and it reads the same.
            let second = await #expect(throws: FailedChange.self) {
                try await pass(broken, files, services, at: 1_000_059)
            }
            #expect(second?.description == first?.description)
            #expect(services.told.count == told)
            await #expect(throws: FailedChange.self) { try await pass(broken, files, services, at: 1_000_060) }
            #expect(services.told.count > told)
            let third = await #expect(throws: FailedChange.self) {
                try await pass(broken, files, services, at: 1_000_179)
            }
            #expect(third?.failure.tries == 2)
            // Other settings are another change.
            try await pass(TwoFiles(files: files, line: "three", broken: ["two"]), files, services, at: 1_000_180)
            #expect(try text(conf, files) == "mine\nagent three\n")
        }
    }

    @Test func thePauseEndsAtAnHour() {
        var failure = Generation.Failure(tries: 1, time: 0, reason: "", circumstances: "a")
        var pauses: [Int] = []
        for tries in [1, 2, 3, 6, 7, 1000] {
            failure.tries = tries
            pauses.append(failure.nextTry)
        }
        #expect(pauses == [60, 120, 240, 1920, 3600, 3600])
        #expect(!failure.isDue(at: 10, "a"))
        #expect(failure.isDue(at: 10, "b"))
        // A clock that was set back by days keeps nothing waiting for days.
        failure.time = 1_000_000
        #expect(failure.isDue(at: 1000, "a"))
    }

    @Test func whatCanBeRepairedMeanwhileIs() async throws {
        try await withProven { (files, services) async throws in
            let broken = TwoFiles(files: files, line: "two", broken: ["two"])
            await #expect(throws: FailedChange.self) { try await pass(broken, files, services) }
            try put("mine\nagent open\n", at: conf, files)
            await #expect(throws: FailedChange.self) { try await pass(broken, files, services) }
            #expect(try text(conf, files) == "mine\nagent one\n")
            #expect(try service(broken, files, services).runsProven())
        }
    }

    @Test func aPortThatSomebodyElseHoldsIsNamedBeforeAnythingIsTouched() async throws {
        try await withProven { (files, services) async throws in
            try files.createDirectory("/proc/net")
            let socket =
                "   0: 0100007F:024B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
            try files.put(Array("header\n\(socket)".utf8), at: "/proc/net/tcp")
            let wanted = TwoFiles(files: files, line: "two", ports: [587])
            let told = services.told
            for _ in 1...3 {
                let failure = await #expect(throws: PortTaken.self) { try await pass(wanted, files, services) }
                #expect(failure?.description.hasPrefix("demo can't have port 587, which is held by") == true)
            }
            #expect(services.told == told)
            #expect(try text(conf, files) == "mine\nagent one\n")
            // The rest is still kept as it was.
            try put("mine\nagent open\n", at: conf, files)
            await #expect(throws: PortTaken.self) { try await pass(wanted, files, services) }
            #expect(try text(conf, files) == "mine\nagent one\n")
            try files.remove("/proc/net/tcp")
            try await pass(wanted, files, services)
            #expect(try text(conf, files) == "mine\nagent two\n")
        }
    }

    @Test func anEditThatWasMadeMeanwhileIsNotOverwritten() async throws {
        try await withProven { (files, services) async throws in
            var broken = TwoFiles(files: files, line: "two", broken: ["two"])
            broken.meanwhile = { try put("edited\n", at: conf, files) }
            let failure = await #expect(throws: FailedChange.self) { try await pass(broken, files, services) }
            #expect(failure?.edited == [conf])
            #expect(try text(conf, files) == "edited\n")
            #expect(try text(table, files) == "agent one\n")
        }
    }

    @Test func aRestoredFileKeepsItsModeAndOwner() async throws {
        try await withProven { (files, services) async throws in
            let mode = FileAttributes(permissions: FilePermissions(rawValue: 0o640), owner: 0, group: 12)
            try files.replace(conf, with: try files.bytes(at: conf), attributes: mode)
            var store = GenerationStore(service: name, paths: [table, conf], files: files)
            let states = [table: try files.state(of: table), conf: try files.state(of: conf)]
            try store.prove(states)
            store = GenerationStore(service: name, paths: [table, conf], files: files)
            let broken = TwoFiles(files: files, line: "two", broken: ["two"])
            await #expect(throws: FailedChange.self) { try await pass(broken, files, services) }
            #expect(try files.file(at: conf)?.attributes == mode)
        }
    }

    @Test func aCancelledPassRollsNothingBackAndTheNextFinishes() async throws {
        try await withProven { (files, services) async throws in
            let started = Mutex(false)
            var slow = TwoFiles(files: files, line: "two")
            slow.meanwhile = { started.withLock { $0 = true } }
            let task = Task { [slow] in
                withUnsafeCurrentTask { $0?.cancel() }
                try await pass(slow, files, services)
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(started.withLock { $0 })
            #expect(try text(conf, files) == "mine\nagent two\n")
            #expect(try await pass(TwoFiles(files: files, line: "two"), files, services) == ["reload demo"])
            #expect(try service(slow, files, services).runsProven())
        }
    }

    @Test func whatACrashLeftBehindGoesBackToTheProvenFilesWhereItDoesNotWork() async throws {
        try await withProven { (files, services) async throws in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await pass(TwoFiles(files: files, line: "two"), files, services)
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            let broken = TwoFiles(files: files, line: "two", broken: ["two"])
            await #expect(throws: FailedChange.self) { try await pass(broken, files, services) }
            #expect(try text(conf, files) == "mine\nagent one\n")
            #expect(try text(table, files) == "agent one\n")
        }
    }

    /// After a kill, or a disk that takes nothing more, at any step, the next pass ends in a whole state.
    @Test(arguments: [false, true], [false, true])
    func fromEveryStepOnTheNextPassFindsItsWay(isBroken: Bool, isLinked: Bool) async throws {
        var step = 0
        var isDone = false
        while !isDone {
            step += 1
            try await withProven { (files, services) async throws in
                if isLinked {
                    try files.createDirectory("/srv")
                    try files.rename(conf, to: "/srv/demo.conf")
                    #expect(symlink("../../srv/demo.conf", files.location(of: conf).string) == 0)
                    try await pass(TwoFiles(files: files, line: "one"), files, services)
                }
                let left = Mutex(step)
                let faulty = FileSystem(root: files.location(of: "/")) { (path) throws(FileFailure) in
                    let isOver = left.withLock { left in
                        left -= 1
                        return left < 0
                    }
                    if isOver { throw FileFailure(.write, path, code: .noSpace) }
                }
                let broken: Set = isBroken ? ["two"] : []
                let wanted = TwoFiles(files: files, line: "two", broken: broken)
                do {
                    try await pass(TwoFiles(files: faulty, line: "two", broken: broken), faulty, services)
                } catch { _ = error }
                isDone = left.withLock { $0 > 0 }
                do { try await pass(wanted, files, services, at: 2_000_000) } catch {
                    #expect(isBroken, "\(step): \(error)")
                }
                let line = isBroken ? "one" : "two"
                #expect(try text(conf, files) == "mine\nagent \(line)\n", "step \(step)")
                #expect(try text(table, files) == "agent \(line)\n", "step \(step)")
                #expect((files.linkTarget(of: conf) != nil) == isLinked)
                #expect(try files.names(in: "/etc/demo")?.filter { $0.contains(".smtp-relay-agent-") } == [])
                // Nothing is left to do, and the store stays small.
                if !isBroken { #expect(try await pass(wanted, files, services, at: 2_000_000).isEmpty, "step \(step)") }
                let kept = try files.names(in: GenerationStore.directory(of: name)) ?? []
                #expect(kept.count <= 3, "step \(step): \(kept)")
            }
        }
        #expect(step > 5)
    }

    @Test func onlyWhatWasLookedAtIsProven() async throws {
        try await withProven { (files, services) async throws in
            let service = service(TwoFiles(files: files, line: "one"), files, services)
            guard case .inSync = try await service.check() else { throw TwoFiles.Wrong() }
            try put("broken by somebody\nagent one\n", at: conf, files)
            try service.markProven()
            #expect(try !service.runsProven())
            // Files that were never proven do not come back either.
            try files.remove(conf)
            try await pass(TwoFiles(files: files, line: "one"), files, services)
            #expect(try text(conf, files) == "mine\nagent one\n")
        }
    }

    @Test func aLinkStaysALinkAndComesBackAsOne() async throws {
        try await withProven { (files, services) async throws in
            try files.createDirectory("/srv")
            try put("kept = mine\nagent old\n", at: "/srv/target", files)
            try files.remove(conf)
            #expect(symlink("../../srv/target", files.location(of: conf).string) == 0)
            try await pass(TwoFiles(files: files, line: "one"), files, services)
            #expect(files.linkTarget(of: conf) == "../../srv/target")
            #expect(try text("/srv/target", files) == "kept = mine\nagent one\n")
            let broken = TwoFiles(files: files, line: "two", broken: ["two"])
            await #expect(throws: FailedChange.self) { try await pass(broken, files, services) }
            #expect(try text("/srv/target", files) == "kept = mine\nagent one\n")
            try files.remove(conf)
            try await pass(TwoFiles(files: files, line: "one"), files, services)
            #expect(files.linkTarget(of: conf) == "../../srv/target")
            // One that leads nowhere is refused.
            try files.remove("/srv/target")
            let unmade = await #expect(throws: UnmadeChange.self) {
                try await pass(TwoFiles(files: files, line: "one"), files, services)
            }
            #expect(unmade?.reason.reason == .dangling)
            let lines = "Wrong (-) and wanted (+):\n+kept = mine\n+agent one"
            #expect(unmade?.description.hasSuffix(lines) == true)
            #expect(files.linkTarget(of: conf) == "../../srv/target")
        }
    }

    @Test func whatAFormerVersionKeptIsReadOnceAndRemoved() async throws {
        try await withTemporaryRoot { (files) async throws in
            let state: FilePath = "/var/lib/smtp-relay-agent"
            for folder in ["proven/demo", "transactions/demo", "rejected"] {
                try files.createDirectory(state.appending(folder))
            }
            try files.createDirectory("/etc/demo")
            try put("mine\nagent one\n", at: state.appending("proven/demo/demo.conf"), files)
            try put("agent one\n", at: state.appending("proven/demo/table"), files)
            try put("restart", at: state.appending("transactions/demo/action"), files)
            let running = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
            let services = FakeServices([name: running])
            let changes = try await pass(TwoFiles(files: files, line: "one"), files, services)
            #expect(changes.last == "restart demo")
            #expect(try text(conf, files) == "mine\nagent one\n")
            #expect(try files.names(in: state) == ["generations"])
            #expect(try await pass(TwoFiles(files: files, line: "one"), files, services).isEmpty)
        }
    }
}
