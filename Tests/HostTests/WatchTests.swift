import Glibc
import Host
import RelayTestSupport
import Synchronization
import SystemPackage
import Testing

struct WatchTests {
    private let path: FilePath = "/etc/demo.conf"

    private func write(_ text: String, _ files: FileSystem) throws {
        try files.replace(path, with: Array(text.utf8), attributes: FileAttributes())
    }

    /// The path that the watch reports for a change, within a time that is long enough on a busy machine.
    private func told(_ watch: FileWatch, after change: () throws -> Void) async throws -> FilePath? {
        try change()
        return try await withThrowingTaskGroup(of: FilePath?.self) { group in
            group.addTask {
                for await path in watch.changes { return path }
                return nil
            }
            group.addTask {
                try await Task.sleep(for: .seconds(10))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    @Test(arguments: ["write", "replace", "remove", "mode", "link"])
    func everyKindOfChangeIsTold(kind: String) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            try write("old", files)
            let watch = FileWatch(files: files)
            try watch.watch([path])
            let location = files.location(of: path).string
            let change = try await told(watch) {
                switch kind {
                case "write":
                    let descriptor = try FileDescriptor.open(location, .writeOnly)
                    try descriptor.closeAfter { _ = try descriptor.writeAll("new".utf8) }
                case "replace": try write("new", files)
                case "remove": try files.remove(path)
                case "mode": #expect(chmod(location, 0o600) == 0)
                default:
                    try files.remove(path)
                    #expect(symlink("elsewhere", location) == 0)
                }
            }
            #expect(change == path)
        }
    }

    @Test func otherFilesAreNotTold() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            let watch = FileWatch(files: files)
            try watch.watch([path])
            let change = try await told(watch) {
                try files.replace("/etc/other.conf", with: [], attributes: FileAttributes())
                try write("new", files)
            }
            #expect(change == path)
        }
    }

    /// The one who reads is slow, and one file is written all the time.
    @Test func aBusyFilePushesOutNoOther() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            let busy = (0..<100).map { FilePath("/etc/busy-\($0)") }
            let watch = FileWatch(files: files)
            try watch.watch([path] + busy)
            try write("new", files)
            for _ in 0..<3 { for path in busy { try files.put([1], at: path) } }
            // Later than all of these.
            try await Task.sleep(for: .milliseconds(300))
            var seen: Set<FilePath> = []
            for await path in watch.changes {
                seen.insert(path)
                if seen.count == busy.count + 1 { break }
            }
            #expect(seen == Set([path] + busy))
        }
    }

    @Test func aFolderThatComesLaterIsWatchedFromTheNextCallOn() async throws {
        try await withTemporaryRoot { files in
            let watch = FileWatch(files: files)
            try watch.watch([path])
            try files.createDirectory("/etc")
            try watch.watch([path])
            #expect(try await told(watch) { try write("new", files) } == path)
        }
    }

    @Test func withoutAnInstanceTheNextCallTriesAgain() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            let calls = Mutex(0)
            let watch = FileWatch(files: files) {
                // The calls fail as if other programs held all that the user may have.
                let isFirst = calls.withLock { calls in
                    calls += 1
                    return calls == 1
                }
                guard isFirst else { return inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK)) }
                errno = EMFILE
                return -1
            }
            #expect {
                try watch.watch([path])
            } throws: {
                "\($0)".contains("fs.inotify.max_user_instances")
            }
            try watch.watch([path])
            #expect(try await told(watch) { try write("new", files) } == path)
        }
    }

    @Test func aLaterProcessOfTheSameNumberIsNotWaitedFor() async throws {
        for usesDescriptors in [true, false] {
            // This process, which goes on.
            await ProcessEnd(usesDescriptors: usesDescriptors).wait(for: getpid(), startedAt: "0")
        }
    }

    @Test(arguments: [true, false])
    func theEndOfAProcessIsTold(usesDescriptors: Bool) async throws {
        // Not a child of this process, as Postfix is not.
        let started = try await SubprocessRunner().run(Command("sh", ["-c", "sleep 60 >/dev/null 2>&1 & echo $!"]))
        let process = try #require(Int32(started.standardOutput.split(separator: "\n").first ?? ""))
        let end = ProcessEnd(interval: .milliseconds(20), usesDescriptors: usesDescriptors)
        async let ended: Void = end.wait(for: process)
        #expect(kill(process, SIGKILL) == 0)
        await ended
        // A process that has ended is not waited for.
        await end.wait(for: process)
    }

    @Test func theServiceManagerIsTold() async throws {
        try await withTemporaryRoot { files in
            let path = files.location(of: "/notify").string
            let server = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
            defer { close(server) }
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let bound = withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(server, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            #expect(bound == 0)
            let environment = ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "\(getpid())"]
            let notifier = ServiceNotifier(environment: environment)
            #expect(notifier.watchdogInterval == .seconds(3))
            notifier.ready(status: "all is well\nREADY=0")
            notifier.alive()
            var buffer = [UInt8](repeating: 0, count: 256)
            let first = recv(server, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            #expect(String(decoding: buffer.prefix(max(first, 0)), as: UTF8.self) == "READY=1\nSTATUS=all is well")
            let second = recv(server, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            #expect(String(decoding: buffer.prefix(max(second, 0)), as: UTF8.self) == "WATCHDOG=1")
        }
    }

    @Test func aWatchdogOfAnotherProcessIsNotOurs() {
        let notifier = ServiceNotifier(environment: ["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"])
        #expect(notifier.watchdogInterval == nil)
    }

    @Test func onlyOthersConnectionsToTheSMTPPortsCount() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/proc/net")
            let table = """
                  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
                   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
                   1: 0A01000A:0019 1900000A:C350 01 00000000:00000000 00:00000000 00000000     0        0 2
                   2: 0A01000A:024B 1900000A:C351 06 00000000:00000000 00:00000000 00000000     0        0 3
                   3: 0100007F:0019 0100007F:C352 01 00000000:00000000 00:00000000 00000000     0        0 4
                   4: 0A01000A:0050 1900000A:C353 01 00000000:00000000 00:00000000 00000000     0        0 5
                   5: 0A01000A:C354 1900000A:0019 01 00000000:00000000 00:00000000 00000000     0        0 6
                """
            try files.replace("/proc/net/tcp", with: Array(table.utf8), attributes: FileAttributes())
            #expect(SMTPConnections(files: files).current() == ["1900000A:C350-0019", "1900000A:C351-024B"])
            #expect(SMTPConnections(files: files).isAnyOpen)
            let ended = table.replacing("C350 01", with: "C350 08")
            try files.replace("/proc/net/tcp", with: Array(ended.utf8), attributes: FileAttributes())
            #expect(!SMTPConnections(files: files).isAnyOpen)
        }
    }
}
