import Host
import Reconcile
import RelayNode
import RelayTestSupport
import Resources
import SystemPackage
import Testing

/// A service with a table of the agent's own and a secret one beside its file.
private struct TableConfiguration: ServiceConfiguration {
    struct Wrong: Error {}

    let service = ServiceName("demo")
    let paths: [FilePath] = ["/etc/table", "/etc/secret", "/etc/demo.conf"]
    let secrets: Set<FilePath> = ["/etc/secret"]
    var table: String?
    var secret: String?
    var works = true

    func isOwn(_ text: String, at path: FilePath) -> Bool { text.hasPrefix("own") }
    func desired(from current: [FilePath: String]) -> [FilePath: String] {
        var texts: [FilePath: String] = ["/etc/demo.conf": "conf\n"]
        texts["/etc/table"] = table
        texts["/etc/secret"] = secret
        return texts
    }
    func action(from current: [FilePath: String], to desired: [FilePath: String]) -> ServiceAction {
        desired.allSatisfy { current[$0.key] == $0.value } ? .none : .reload
    }
    func validate(_ candidate: [FilePath: [UInt8]]) {}
    func probe() throws { if !works { throw Wrong() } }
}

struct ServiceTablesTests {
    private let name = ServiceName("demo")

    private func apply(_ configuration: TableConfiguration, _ files: FileSystem) async throws -> [Change] {
        let running = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
        let board = ServiceBoard(manager: FakeServices([name: running]), services: [name])
        let service = ConfiguredService(configuration, services: board, files: files)
        guard case .drifted(let drift) = try await service.check() else { return [] }
        try await drift.apply()
        try service.markProven()
        return drift.changes
    }

    @Test func aTableComesIsMendedAndGoes() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            let with = TableConfiguration(table: "own 1\n")
            #expect(try await apply(with, files).map(\.summary).contains("write /etc/table"))
            try files.replace("/etc/table", with: Array("own 2\n".utf8), attributes: FileAttributes())
            #expect(try await apply(with, files).map(\.summary) == ["edit /etc/table", "reload demo"])
            try files.replace("/etc/table", with: [], attributes: FileAttributes())
            #expect(try await apply(with, files).map(\.summary) == ["edit /etc/table", "reload demo"])
            #expect(try await apply(TableConfiguration(), files).map(\.summary) == ["remove /etc/table"])
            #expect(!files.exists("/etc/table"))
            #expect(!files.exists("/etc/table.before-smtp-relay-agent"))
            #expect(try await apply(TableConfiguration(), files).isEmpty)
        }
    }

    @Test func somebodyElsesFileOfThatNameStaysOrIsKept() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            try files.replace("/etc/table", with: Array("foreign\n".utf8), attributes: FileAttributes())
            _ = try await apply(TableConfiguration(), files)
            #expect(try files.bytes(at: "/etc/table") == Array("foreign\n".utf8))
            _ = try await apply(TableConfiguration(table: "own\n"), files)
            #expect(try files.bytes(at: "/etc/table.before-smtp-relay-agent") == Array("foreign\n".utf8))
        }
    }

    @Test func aSecretIsRootsAloneAndInNoDiff() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            let changes = try await apply(TableConfiguration(secret: "own hunter2\n"), files)
            #expect(!"\(changes)".contains("hunter2"))
            let changed = try await apply(TableConfiguration(secret: "own hunter3\n"), files)
            #expect(changed.map(\.summary) == ["edit /etc/secret", "reload demo"])
            #expect(!"\(changed)".contains("hunter"))
            #expect(try files.file(at: "/etc/secret")?.attributes.permissions.rawValue == 0o600)
            let open = FileAttributes(permissions: .worldReadable)
            try files.replace("/etc/secret", with: Array("own hunter3\n".utf8), attributes: open)
            let mended = try await apply(TableConfiguration(secret: "own hunter3\n"), files)
            #expect(mended.map(\.summary) == ["set mode 600 and owner root on /etc/secret"])
        }
    }

    @Test func whatDoesNotWorkIsRolledBackTogether() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            _ = try await apply(TableConfiguration(table: "own 1\n"), files)
            let broken = TableConfiguration(secret: "own hunter2\n", works: false)
            let failure = await #expect(throws: FailedChange.self) { try await apply(broken, files) }
            #expect(try files.bytes(at: "/etc/table") == Array("own 1\n".utf8))
            #expect(!files.exists("/etc/secret"))
            let kept = try #require(failure?.kept)
            #expect(String(decoding: try files.bytes(at: kept), as: UTF8.self).contains("hunter2"))
            #expect(try files.file(at: kept)?.attributes.permissions.rawValue == 0o600)
        }
    }
}
