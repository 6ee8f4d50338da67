import Host
import RelayTestSupport
import SystemPackage
import Testing

/// Random output of programs and files of the kernel.
struct HostOutputFuzzTests {
    @Test func systemdsAnswerIsAStateForEachServiceAtMost() async throws {
        let question =
            "/usr/bin/systemctl show --property=Id,LoadState,ActiveState,UnitFileState,MainPID a.service b.timer"
        let services = [ServiceName("a"), ServiceName("b.timer")]
        try await fuzz(200) { chance in
            let answer = chance.mutation(of: [
                "Id=a.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nMainPID=4711\n\n"
                    + "Id=b.timer\nLoadState=not-found\nActiveState=activating\nUnitFileState=\nMainPID=0\n",
                "",
            ])
            let runner = ScriptedRunner([question: CommandOutput(status: 0, standardOutput: answer)])
            let states = try await Systemd(runner: runner).states(of: services)
            #expect(states.keys.allSatisfy { services.contains($0) }, "\(chance)")
            #expect(states.values.allSatisfy { $0.mainProcess.map { $0 > 0 } ?? true }, "\(chance)")
            #expect(states.values.allSatisfy { !($0.isActive && $0.isStarting) }, "\(chance)")
        }
    }

    /// The agent gives up in time for any output of a failing package manager, and says so on lines that can be shown.
    @Test func aPackageManagersLastWordsEndInAnError() async throws {
        let line = "/usr/bin/dnf -y --setopt=exit_on_lock=1 install postfix"
        try await withTemporaryRoot { files in
            var patience = Yum.Patience()
            patience.pause = .microseconds(1)
            (patience.lock, patience.mirror, patience.nameResolution) = (.zero, .zero, .zero)
            await fuzz(200) { [patience] chance in
                let words = chance.mutation(of: [
                    "RPMDB already locked by 346\n", "No match for argument: postfix\n",
                    "Status code: 503 for http://a",
                    "Could not resolve host: mirror",
                    "error: can't create transaction lock on /var/lib/rpm/.rpm.lock (x)",
                    "Another app is currently holding the yum lock\n  The other application is: yum, PID 99\n",
                ])
                let runner = ScriptedRunner([line: CommandOutput(status: 1, standardError: words)])
                do throws(PackageFailure) {
                    try await Yum(runner: runner, files: files, patience: patience)
                        .install(["postfix"], timeout: .seconds(5)) { _ in }
                    Issue.record("a failed installation must be an error: \(chance)")
                } catch {
                    #expect(
                        "\(error)".unicodeScalars.split(separator: "\n").allSatisfy { String($0).isOnePlainLine },
                        "\(chance)"
                    )
                }
            }
        }
    }

    @Test func theKernelsTablesAreReadAsFarAsTheyMakeSense() async throws {
        let connections = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0A01000A:0019 1402000A:C350 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1
               1: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0

            """
        let locks = "1: POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF\n1: -> FLOCK ADVISORY WRITE 1 fd:00:1 0 EOF\n"
        try await withTemporaryRoot { files in
            try files.createDirectory("/proc/net")
            try await fuzz(40) { chance in
                try files.put(chance.mutation(of: [Array(connections.utf8)]), at: "/proc/net/tcp")
                try files.put(chance.mutation(of: [Array(locks.utf8)]), at: "/proc/locks")
                let current = SMTPConnections(files: files).current()
                #expect(current.allSatisfy { $0.hasSuffix("-0019") || $0.hasSuffix("-024B") }, "\(chance)")
                #expect(FileLocks(files: files).holder(of: ["/nothing"]) == nil, "\(chance)")
                try files.createDirectory("/proc/7")
                try files.put(chance.mutation(of: [Array("yum\0-y\0".utf8)]), at: "/proc/7/cmdline")
                #expect(FileLocks(files: files).describe(process: 7).isOnePlainLine, "\(chance)")
            }
        }
    }
}
