import Host
import Reconcile
import RelayTestSupport
import Resources
import SystemPackage
import Testing

struct ConfiguredServiceTests {
    private let name = ServiceName("demo")
    private let running = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
    private let path: FilePath = "/etc/demo.conf"

    private func withService(
        _ configuration: FakeConfiguration = FakeConfiguration(),
        state: ServiceState? = nil,
        text: String? = "old\n",
        _ body: (ConfiguredService, FakeServices, FileSystem) async throws -> Void
    ) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            if let text { try files.replace(path, with: Array(text.utf8), attributes: FileAttributes()) }
            let services = FakeServices([name: state ?? running])
            let board = ServiceBoard(manager: services, services: [name])
            try await body(ConfiguredService(configuration, services: board, files: files), services, files)
        }
    }

    private func apply(_ resource: ConfiguredService) async throws -> [Change] {
        guard case .drifted(let drift) = try await resource.check() else { return [] }
        try await drift.apply()
        return drift.changes
    }

    @Test func aChangedFileIsWrittenAndTakenUpOnce() async throws {
        try await withService { (service, services, files) async throws in
            #expect(try await apply(service).map(\.summary) == ["edit /etc/demo.conf", "reload demo"])
            #expect(services.told == ["reload demo"])
            #expect(try files.bytes(at: path) == Array("new\n".utf8))
            #expect(try files.bytes(at: "/etc/demo.conf.before-smtp-relay-agent") == Array("old\n".utf8))
            #expect(try await apply(service).isEmpty)
        }
    }

    @Test func aStoppedServiceIsEnabledAndStarted() async throws {
        let stopped = ServiceState(isInstalled: true, isEnabled: false, isActive: false)
        try await withService(state: stopped, text: nil) { (service, services, _) async throws in
            #expect(try await apply(service).map(\.summary) == ["write /etc/demo.conf", "enable demo", "start demo"])
            #expect(services.told == ["enable demo", "start demo"])
        }
    }

    @Test func anInvalidCandidateChangesNothing() async throws {
        try await withService(FakeConfiguration(isValid: false)) { (service, services, files) async throws in
            await #expect(throws: FakeConfiguration.Wrong.self) { try await apply(service) }
            #expect(services.told.isEmpty)
            #expect(try files.bytes(at: path) == Array("old\n".utf8))
        }
    }

    @Test func whatIsWrittenWhileTheCandidateIsJudgedIsKept() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            try files.replace(path, with: Array("old\n".utf8), attributes: FileAttributes())
            var configuration = FakeConfiguration()
            configuration.wanted = { ($0 ?? "").replacing("ours\n", with: "") + "ours\n" }
            configuration.meanwhile = {
                guard try files.bytes(at: "/etc/demo.conf") == Array("old\n".utf8) else { return }
                try files.replace("/etc/demo.conf", with: Array("theirs\n".utf8), attributes: FileAttributes())
            }
            let services = FakeServices([name: running])
            let board = ServiceBoard(manager: services, services: [name])
            _ = try await apply(ConfiguredService(configuration, services: board, files: files))
            #expect(try files.bytes(at: path) == Array("theirs\nours\n".utf8))
            #expect(services.told == ["reload demo"])
        }
    }

    @Test func whoWritesEachTimeIsToldOfAndNothingIsChanged() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            try files.replace(path, with: Array("0".utf8), attributes: FileAttributes())
            var configuration = FakeConfiguration()
            configuration.meanwhile = {
                let more = try files.bytes(at: "/etc/demo.conf") + Array("0".utf8)
                try files.replace("/etc/demo.conf", with: more, attributes: FileAttributes())
            }
            let services = FakeServices([name: running])
            let board = ServiceBoard(manager: services, services: [name])
            let failure = await #expect(throws: KeepsChanging.self) {
                try await apply(ConfiguredService(configuration, services: board, files: files))
            }
            #expect(failure?.description.hasPrefix("/etc/demo.conf is written again and again by another") == true)
            #expect(try files.bytes(at: path) == Array("000000".utf8))
            #expect(services.told.isEmpty)
        }
    }

    @Test func whatDoesNotWorkIsRolledBackAndKeptForALook() async throws {
        try await withService(FakeConfiguration(works: false)) { (service, services, files) async throws in
            let failure = await #expect(throws: FailedChange.self) { try await apply(service) }
            #expect(failure?.description.contains("so the previous files are back") == true)
            #expect(services.told == ["reload demo", "restart demo"])
            #expect(try files.bytes(at: path) == Array("old\n".utf8))
            let kept = try #require(failure?.kept)
            #expect(String(decoding: try files.bytes(at: kept), as: UTF8.self).contains("new\n"))
            #expect(try files.file(at: kept)?.attributes.permissions.rawValue == 0o600)
        }
    }

    @Test func aStopByAnotherDuringTheProbeSaysNothingAboutTheFiles() async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory("/etc")
            try files.replace(path, with: Array("old\n".utf8), attributes: FileAttributes())
            let services = FakeServices([name: running])
            var configuration = FakeConfiguration(cure: (services, "start demo"))
            configuration.atProbe = { [name] in if services.told == ["reload demo"] { services.stop(name) } }
            let board = ServiceBoard(manager: services, services: [name])
            _ = try await apply(ConfiguredService(configuration, services: board, files: files))
            #expect(services.told == ["reload demo", "stop demo", "start demo"])
            #expect(try files.bytes(at: path) == Array("new\n".utf8))
        }
    }

    @Test func whatAReloadDoesNotCureARestartDoesOnce() async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory("/etc")
            try files.replace(path, with: Array("old\n".utf8), attributes: FileAttributes())
            let services = FakeServices([name: running])
            let board = ServiceBoard(manager: services, services: [name])
            for cure in ["restart demo", "start demo"] {
                let configuration = FakeConfiguration(wanted: { _ in "for \(cure)\n" }, cure: (services, cure))
                let service = ConfiguredService(configuration, services: board, files: files)
                guard cure == "start demo" else {
                    _ = try await apply(service)
                    #expect(services.told == ["reload demo", "restart demo"])
                    continue
                }
                // A failure that no restart cures leads to a rollback.
                await #expect(throws: FailedChange.self) { try await apply(service) }
                #expect(services.told.dropFirst(2) == ["reload demo", "restart demo", "restart demo"])
                #expect(try files.bytes(at: path) == Array("for restart demo\n".utf8))
            }
        }
    }

    @Test func whatWorkedOnceIsPutBackWithoutAskingAgain() async throws {
        try await withService(text: "new\n") { (service, services, files) async throws in
            #expect(try await apply(service).isEmpty)
            try service.markProven()
            // Its judge would refuse it now; but it is what the service runs with.
            let board = ServiceBoard(manager: services, services: [name])
            let strict = ConfiguredService(FakeConfiguration(isValid: false), services: board, files: files)
            for breakage in ["edit", "removal"] {
                switch breakage {
                case "edit": try files.replace(path, with: Array("foreign\n".utf8), attributes: FileAttributes())
                default: try files.remove(path)
                }
                let changes = try await apply(strict)
                #expect(changes.last?.summary == "reload demo", "\(breakage)")
                #expect(try files.file(at: path)?.bytes == Array("new\n".utf8), "\(breakage)")
            }
        }
    }

    @Test func modeAloneNeedsNoReload() async throws {
        try await withService(text: "new\n") { (service, services, files) async throws in
            let open = FileAttributes(permissions: FilePermissions(rawValue: 0o666))
            try files.replace(path, with: Array("new\n".utf8), attributes: open)
            #expect(try await apply(service).map(\.summary) == ["set mode 644 and owner root on /etc/demo.conf"])
            #expect(services.told.isEmpty)
        }
    }

    @Test func anInterruptedChangeIsTakenUpByTheNextPass() async throws {
        try await withService(text: "new\n") { (service, services, files) async throws in
            // The files are as a pass leaves them that was killed between the file and the service.
            let directory: FilePath = "/var/lib/smtp-relay-agent/transactions/demo"
            try files.createDirectory(directory)
            try files.replace(directory.appending("demo.conf"), with: Array("old\n".utf8), attributes: FileAttributes())
            try files.replace(directory.appending("action"), with: Array("restart".utf8), attributes: FileAttributes())
            #expect(try await apply(service).map(\.summary) == ["restart demo"])
            #expect(services.told == ["restart demo"])
            #expect(try await apply(service).isEmpty)
        }
    }
}
