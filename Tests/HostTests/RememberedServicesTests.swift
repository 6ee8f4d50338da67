import Glibc
import Host
import RelayTestSupport
import Synchronization
import SystemPackage
import Testing

struct RememberedServicesTests {
    private let postfix = ServiceName("postfix")
    private let units: FilePath = "/etc/systemd/system"

    /// A host with systemd's folder and one process.
    private func withHost(_ body: (FileSystem) async throws -> Void) async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory(units)
            try begin(42, at: 1000, files)
            try await body(files)
        }
    }

    private func begin(_ process: Int32, at ticks: Int, _ files: FileSystem) throws {
        let folder = FilePath("/proc/\(process)")
        try files.createDirectory(folder)
        let fields = ["S"] + (4...21).map(String.init) + ["\(ticks)"]
        let line = "\(process) (a (strange) name) \(fields.joined(separator: " ")) 0\n"
        try files.replace(folder.appending("stat"), with: Array(line.utf8), attributes: FileAttributes())
    }

    private func running(isStarting: Bool = false) -> ServiceState {
        ServiceState(isInstalled: true, isEnabled: true, isActive: true, isStarting: isStarting, mainProcess: 42)
    }

    @Test func whatNothingSpeaksAgainstIsNotAskedAgain() async throws {
        try await withHost { (files) async throws in
            let asked = CountingServices(running())
            let services = RememberedServices(asked, files: files)
            var known = running()
            known.mainProcessStart = "1000"
            for _ in 0..<5 { #expect(try await services.states(of: [postfix]) == [postfix: known]) }
            #expect(asked.questions == 1)
            // Another question has another answer, which does not take this one's place.
            for _ in 0..<5 {
                _ = try await services.states(of: [postfix, ServiceName("nginx")])
                #expect(try await services.states(of: [postfix]) == [postfix: known])
            }
            #expect(asked.questions == 2)
        }
    }

    @Test(arguments: ["a process that ended", "a process of the same number", "a unit file", "a link in a folder"])
    func whatSpeaksAgainstItIsSeen(kind: String) async throws {
        try await withHost { (files) async throws in
            let wants = units.appending("multi-user.target.wants")
            try files.createDirectory(wants)
            let asked = CountingServices(running())
            let services = RememberedServices(asked, files: files)
            _ = try await services.states(of: [postfix])
            switch kind {
            case "a process that ended": try files.remove("/proc/42/stat")
            case "a process of the same number": try begin(42, at: 2000, files)
            case "a unit file":
                try files.replace(units.appending("x.service"), with: [], attributes: FileAttributes())
            default: #expect(symlink("/nowhere", files.location(of: wants.appending("postfix.service")).string) == 0)
            }
            _ = try await services.states(of: [postfix])
            #expect(asked.questions == 2)
        }
    }

    @Test func anOrderMakesItForget() async throws {
        try await withHost { (files) async throws in
            let asked = CountingServices(running())
            let services = RememberedServices(asked, files: files)
            _ = try await services.states(of: [postfix])
            try await services.reload(postfix)
            _ = try await services.states(of: [postfix])
            #expect(asked.questions == 2)
        }
    }

    @Test func aProcessThatEndedBetweenTheAnswerAndTheLookIsNoEvidence() async throws {
        try await withHost { (files) async throws in
            try files.remove("/proc/42/stat")
            let asked = CountingServices(running())
            let services = RememberedServices(asked, files: files)
            for _ in 0..<3 { _ = try await services.states(of: [postfix]) }
            #expect(asked.questions == 3)
        }
    }

    @Test func anAnswerThatWasAskedForBeforeAnOrderIsNotRememberedAfterIt() async throws {
        try await withHost { (files) async throws in
            let asked = CountingServices(running())
            let services = RememberedServices(asked, files: files)
            asked.whileAsked = { [postfix] () async throws(ServiceFailure) in try await services.reload(postfix) }
            _ = try await services.states(of: [postfix])
            asked.whileAsked = nil
            _ = try await services.states(of: [postfix])
            #expect(asked.questions == 2)
        }
    }

    @Test func whatIsOnItsWayUpIsAskedEachTime() async throws {
        try await withHost { (files) async throws in
            let asked = CountingServices(running(isStarting: true))
            let services = RememberedServices(asked, files: files)
            for _ in 0..<3 { _ = try await services.states(of: [postfix]) }
            #expect(asked.questions == 3)
        }
    }
}

/// Services in one state, whose questions are counted.
private final class CountingServices: ServiceManager {
    private let state: ServiceState
    private let count = Mutex(0)
    private let meanwhile = Mutex<(@Sendable () async throws(ServiceFailure) -> Void)?>(nil)

    /// Happens between a question and its answer.
    var whileAsked: (@Sendable () async throws(ServiceFailure) -> Void)? {
        get { meanwhile.withLock { $0 } }
        set { meanwhile.withLock { $0 = newValue } }
    }

    init(_ state: ServiceState) { self.state = state }

    var questions: Int { count.withLock { $0 } }

    func states(of services: [ServiceName]) async throws(ServiceFailure) -> [ServiceName: ServiceState] {
        count.withLock { $0 += 1 }
        try await whileAsked?()
        return Dictionary(uniqueKeysWithValues: services.map { ($0, state) })
    }

    func enable(_ service: ServiceName) {}
    func disable(_ service: ServiceName) {}
    func start(_ service: ServiceName) {}
    func startLater(_ service: ServiceName) {}
    func stop(_ service: ServiceName) {}
    func reload(_ service: ServiceName) {}
    func restart(_ service: ServiceName) {}
    func isShuttingDown() -> Bool { false }
    func definitionsChanged() {}
}
