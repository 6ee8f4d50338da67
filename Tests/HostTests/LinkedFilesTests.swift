import Glibc
import RelayTestSupport
import SystemPackage
import Testing

@testable import Host

struct LinkedFilesTests {
    private let attributes = FileAttributes()
    private let path: FilePath = "/etc/postfix/main.cf"

    /// A host with /etc/postfix and /srv/mail/main.cf.
    private func withHost(_ body: (FileSystem) async throws -> Void) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc/postfix")
            try files.createDirectory("/srv/mail")
            try files.replace("/srv/mail/main.cf", with: Array("theirs\n".utf8), attributes: attributes)
            try await body(files)
        }
    }

    private func link(_ path: FilePath, to target: String, _ files: FileSystem) {
        #expect(symlink(target, files.location(of: path).string) == 0)
    }

    @Test(arguments: ["/srv/mail/main.cf", "../../srv/mail/main.cf", "/srv/other", "./next"])
    func theFileThatALinkLeadsToIsReplacedAndTheLinkStays(target: String) async throws {
        try await withHost { (files) async throws in
            link("/srv/other", to: "mail/main.cf", files)
            link("/etc/postfix/next", to: "../../srv/other", files)
            link(path, to: target, files)
            let mode = FileAttributes(permissions: FilePermissions(rawValue: 0o640), group: 12)
            try files.replaceThroughLinks(path, with: Array("ours\n".utf8), attributes: mode)
            #expect(files.linkTarget(of: path) == target)
            let state = try files.state(of: path)
            #expect(state == FileState(.link, attributes: mode, target: target, bytes: Array("ours\n".utf8)))
            #expect(try files.file(at: "/srv/mail/main.cf")?.bytes == Array("ours\n".utf8))
        }
    }

    @Test func aFileInALinkedFolderIsReplacedThere() async throws {
        try await withHost { (files) async throws in
            try files.removeDirectory("/etc/postfix")
            link("/etc/postfix", to: "../srv/mail", files)
            try files.replaceThroughLinks(path, with: Array("ours\n".utf8), attributes: attributes)
            #expect(files.linkTarget(of: "/etc/postfix") == "../srv/mail")
            #expect(try files.state(of: path).kind == .file)
            #expect(try files.bytes(at: "/srv/mail/main.cf") == Array("ours\n".utf8))
        }
    }

    @Test(arguments: [
        "dangling", "missing folder", "loop", "folder", "foreign", "open", "foreign folder", "open folder",
    ])
    func whatCanNotBeEditedIsRefusedAndStays(kind: String) async throws {
        try await withHost { (files) async throws in
            let target = files.location(of: "/srv/mail/main.cf").string
            let folder = files.location(of: "/srv/mail").string
            var (to, expected) = ("/srv/mail/main.cf", UnusableFile.Reason.notAFile)
            switch kind {
            case "dangling": (to, expected) = ("/srv/mail/none", .dangling)
            case "missing folder": (to, expected) = ("/srv/none/main.cf", .dangling)
            case "loop": (to, expected) = ("main.cf", .loop)
            case "folder": to = "/srv/mail"
            case "foreign":
                expected = .foreign("/srv/mail/main.cf")
                #expect(chown(target, 65534, 0) == 0)
            case "open":
                expected = .open("/srv/mail/main.cf")
                #expect(chmod(target, 0o666) == 0)
            case "foreign folder":
                expected = .foreign("/srv/mail")
                #expect(chown(folder, 65534, 0) == 0)
            default:
                expected = .open("/srv/mail")
                #expect(chmod(folder, 0o777) == 0)
            }
            link(path, to: to, files)
            let error = #expect(throws: UnusableFile.self) {
                try files.replaceThroughLinks(path, with: Array("ours\n".utf8), attributes: attributes)
            }
            #expect(error?.reason == expected)
            #expect(error?.description.hasPrefix("/etc/postfix/main.cf is a link to ") == true)
            #expect(error?.description.contains("then run 'smtp-relay-agent reconcile'") == true)
            #expect(files.linkTarget(of: path) == to)
            #expect(try files.bytes(at: "/srv/mail/main.cf") == Array("theirs\n".utf8))
        }
    }

    @Test func aFileThatIsAMountIsRefusedWithTheCure() async throws {
        try await withHost { (files) async throws in
            let path: FilePath = "/etc/my mail/main.cf"
            try files.createDirectory(path.removingLastComponent())
            try files.createDirectory("/proc/self")
            let table = "36 35 98:0 /root/x /etc/my\\040mail/main.cf rw,noatime master:1 - ext4 /dev/root rw\n"
            try files.put(Array(table.utf8), at: "/proc/self/mountinfo")
            try files.put([1], at: path)
            let error = #expect(throws: UnusableFile.self) {
                try files.replaceThroughLinks(path, with: [2], attributes: attributes)
            }
            #expect(error?.reason == .mounted(path))
            #expect(error?.description.contains("Run 'umount /etc/my mail/main.cf'") == true)
            #expect(try files.bytes(at: path) == [1])
        }
    }

    @Test func aChangeOfTheFileThatALinkLeadsToIsSeen() async throws {
        try await withHost { (files) async throws in
            link(path, to: "/srv/mail/main.cf", files)
            let watch = FileWatch(files: files)
            try watch.watch([path])
            try files.replace("/srv/mail/main.cf", with: [1], attributes: attributes)
            var changes = watch.changes.makeAsyncIterator()
            #expect(await changes.next() == path)
            try files.remove(path)
            #expect(await changes.next() == path)
        }
    }

    @Test func whatKilledWritersLeftIsRemovedAndNothingElse() async throws {
        try await withHost { (files) async throws in
            // No process has that number (proc_sys_kernel(5), pid_max).
            let dead = 4_194_305
            let leftovers = [
                ".sasl_password_table.smtp-relay-agent-\(dead)-abc123", "sasl_password_table.smtp-relay-agent.\(dead)",
            ]
            let others = [
                "main.cf.before-smtp-relay-agent", ".main.cf.smtp-relay-agent-\(getpid())-abc123",
                "main.cf.smtp-relay-agent.rpmsave", "main.cf",
            ]
            for name in leftovers + others { try files.put([], at: FilePath("/etc/postfix/\(name)")) }
            try files.removeLeftovers(in: ["/etc/postfix", "/none"])
            #expect(try files.names(in: "/etc/postfix") == others.sorted())
        }
    }

    @Test func twoWritersOfAFileHaveFilesOfTheirOwnThatNobodyCanGuess() async throws {
        try await withHost { (files) async throws in
            let one = try files.stage(path, [1], attributes: attributes)
            let two = try files.stage(path, [2], attributes: attributes)
            #expect(try files.names(in: "/etc/postfix")?.count == 2)
            #expect(try files.names(in: "/etc/postfix")?.allSatisfy { $0.hasPrefix(".main.cf.") } == true)
            try two.commit()
            #expect(try files.bytes(at: path) == [2])
            one.discard()
            #expect(try files.names(in: "/etc/postfix") == ["main.cf"])
        }
    }
}
