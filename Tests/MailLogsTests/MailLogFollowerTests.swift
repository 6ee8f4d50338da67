import Host
import RelayTestSupport
import SystemPackage
import Testing

@testable import MailLogs

struct MailLogFollowerTests {
    private static let machine: FilePath = "/var/log/journal/a3aa"
    private static let matches = MailLogSource.journalMatches.joined(separator: " ")

    /// The command that reads the journal on from a place.
    private func command(_ place: String) -> String {
        "journalctl -o export -q --no-pager --output-fields=SYSLOG_IDENTIFIER,MESSAGE \(place) \(Self.matches)"
    }

    /// The same where more is there than is read at once.
    private func longCommand(_ place: String, limit: Int = 1_000_000) -> String {
        "sh -c \"$@\" | head -c \(limit) sh \(command(place))"
    }

    /// The same where journalctl(1) is older.
    private func oldCommand(_ place: String) -> String {
        let script =
            "\"$@\" | grep -aE '^(__CURSOR|__REALTIME_TIMESTAMP|SYSLOG_IDENTIFIER|MESSAGE)=' | head -c 1000000"
        return "sh -c \(script) sh journalctl -o export -q --no-pager \(place) \(Self.matches)"
    }

    private func entry(_ cursor: String, _ program: String, _ message: String) -> String {
        """
        __CURSOR=\(cursor)
        __REALTIME_TIMESTAMP=1795521600123456
        __MONOTONIC_TIMESTAMP=44885049540
        _BOOT_ID=2836cd28055f4cbfacb2aefceb578727
        SYSLOG_IDENTIFIER=\(program)
        MESSAGE=\(message)

        """
    }

    private func output(_ entries: String...) -> CommandOutput {
        CommandOutput(status: 0, standardOutput: entries.joined())
    }

    private func runner(_ parameters: String = "syslog_name = postfix\n") -> ScriptedRunner {
        ScriptedRunner(["postconf -x syslog_name maillog_file": CommandOutput(status: 0, standardOutput: parameters)])
    }

    /// The first reading of the journal fails.
    private func runner(failing words: String) -> ScriptedRunner {
        let runner = runner()
        runner.expect(command("--since=@100"), CommandOutput(status: 0, standardError: words))
        return runner
    }

    private func withJournal(_ body: (FileSystem) async throws -> Void) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory(Self.machine)
            try files.put([0], at: Self.machine.appending("system.journal"))
            try await body(files)
        }
    }

    private func expectOneEvent(_ follower: inout MailLogFollower, _ log: inout FollowedLog) async throws {
        let batch = try await follower.readOn(&log, networks: [], now: 1_796_166_800)
        #expect(batch.events.count == 1)
    }

    private static let queued = "from=<a@example.com>, size=1, nrcpt=1 (queue active)"

    @Test func theJournalIsReadOnFromItsCursor() async throws {
        try await withJournal { files in
            let runner = runner()
            runner.expect(
                command("--since=@100"),
                output(entry("s=1", "postfix/qmgr", "ABC12: \(Self.queued)"), entry("s=2", "nginx", "x"))
            )
            runner.expect(command("--after-cursor=s=2"), output(entry("s=3", "postfix/qmgr", "ABC12: removed")))
            runner.expect(command("--after-cursor=s=3"), output())
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            var batches: [MailLogFollower.Batch] = []
            for now in 1...3 { batches.append(try await follower.readOn(&log, networks: [], now: now)) }
            #expect(batches.map(\.events.count) == [1, 1, 0])
            #expect(batches[0].events.map(\.time) == [1_795_521_600])
            #expect(log.position == .journal(cursor: "s=3"))
            #expect(log.batch == 2)
            #expect(log.readAt == 3)
        }
    }

    @Test func nothingIsReadWhileNothingIsWritten() async throws {
        try await withJournal { files in
            let runner = runner()
            runner.expect(command("--since=@100"), output(entry("s=1", "postfix/qmgr", "ABC12: removed")))
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            #expect(follower.hasNews)
            _ = try await follower.readOn(&log, networks: [], now: 1)
            #expect(!follower.hasNews)
            try files.put([1, 2], at: Self.machine.appending("system.journal"))
            #expect(follower.hasNews)
        }
    }

    @Test func anOlderJournalctlIsAskedForAllFieldsFromThenOn() async throws {
        try await withJournal { files in
            let runner = runner(failing: "journalctl: unrecognized option '--output-fields=MESSAGE'")
            runner.expect(oldCommand("--since=@100"), output(entry("s=1", "postfix/qmgr", "ABC12: removed")))
            runner.expect(oldCommand("--after-cursor=s=1"), output(entry("s=2", "postfix/qmgr", "ABC13: removed")))
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            try await expectOneEvent(&follower, &log)
            try await expectOneEvent(&follower, &log)
        }
    }

    @Test func theLogWaitsWhereMainCfCanNotBeRead() async throws {
        try await withTemporaryRoot { files in
            let parameters = "postconf -x syslog_name maillog_file"
            let runner = ScriptedRunner()
            let values = "syslog_name = postfix\nmaillog_file = /var/log/postfix.log\n"
            runner.expect(parameters, CommandOutput(status: 0, standardOutput: values))
            runner.expect(parameters, CommandOutput(status: 1, standardError: "fatal: missing '='"))
            runner.expect(
                "postconf syslog_name maillog_file",
                CommandOutput(status: 1, standardError: "fatal: missing '='")
            )
            runner.expect(parameters, CommandOutput(status: 0, standardOutput: values))
            try files.createDirectory("/etc/postfix")
            try files.createDirectory("/var/log")
            let line = "Dec  1 23:13:19 host postfix/qmgr[1]: ABC12: removed\n"
            try files.put(Array(line.utf8), at: "/var/log/postfix.log")
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 0)
            try await expectOneEvent(&follower, &log)
            let before = log
            try files.put(Array("broken".utf8), at: "/etc/postfix/main.cf")
            try files.put(Array((line + line).utf8), at: "/var/log/postfix.log")
            await #expect(throws: CommandFailure.self) {
                try await follower.readOn(&log, networks: [], now: 1_796_166_800)
            }
            #expect(log == before)
            #expect(follower.hasNews)
            try await expectOneEvent(&follower, &log)
        }
    }

    @Test func whatWasLoggedByTheFormerNameCountsToo() async throws {
        try await withJournal { files in
            let runner = ScriptedRunner()
            let parameters = "postconf -x syslog_name maillog_file"
            runner.expect(parameters, CommandOutput(status: 0, standardOutput: "syslog_name = postfix\n"))
            runner.expect(parameters, CommandOutput(status: 0, standardOutput: "syslog_name = mail/relay\n"))
            runner.expect(command("--since=@100"), output(entry("s=1", "postfix/qmgr", "ABC12: removed")))
            runner.expect(
                command("--after-cursor=s=1"),
                output(
                    entry("s=2", "postfix/qmgr", "ABC13: removed"),
                    entry("s=3", "mail/relay/qmgr", "ABC14: removed"),
                    entry("s=4", "mail/qmgr", "ABC15: removed")
                )
            )
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            try await expectOneEvent(&follower, &log)
            try files.createDirectory("/etc/postfix")
            try files.put([], at: "/etc/postfix/main.cf")
            let batch = try await follower.readOn(&log, networks: [], now: 2)
            #expect(batch.events.map(\.event.queueID?.description) == ["ABC13", "ABC14"])
        }
    }

    @Test func aPostconfWithoutExpansionIsAskedForTheValuesAsTheyStand() async throws {
        try await withJournal { files in
            let runner = ScriptedRunner(["postconf -x syslog_name maillog_file": CommandOutput(status: 1)])
            let name = CommandOutput(status: 0, standardOutput: "syslog_name = relay\n")
            runner.expect("postconf syslog_name maillog_file", name)
            runner.expect(command("--since=@100"), output(entry("s=1", "relay/qmgr", "ABC12: removed")))
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            try await expectOneEvent(&follower, &log)
        }
    }

    @Test func anEntryThatWasCutIsReadAgain() async throws {
        try await withJournal { files in
            let first = entry("s=1", "postfix/qmgr", "ABC12: removed")
            let limit = first.utf8.count + 40
            let runner = runner()
            let cut = String((first + entry("s=2", "postfix/qmgr", "ABC13: removed")).prefix(limit))
            runner.expect(longCommand("--since=@100", limit: limit), output(cut))
            let reader = JournalReader(runner: runner, files: files, limit: limit)
            let reading = try await reader.entries(after: nil, since: 100, of: "postfix", isLong: true)
            #expect(reader.isKept)
            #expect(reading.isCut)
            #expect(reading.entries.map(\.message) == ["ABC12: removed"])
            #expect(reading.position == .journal(cursor: "s=1"))
        }
    }

    /// A node that was down for long, or has much mail.
    @Test func whatIsTooMuchIsReadInParts() async throws {
        try await withJournal { files in
            let runner = runner()
            runner.expect(command("--since=@100"), failure: .tooMuchOutput)
            let filler = String(repeating: "x", count: 1_000_000)
            let first = entry("s=1", "postfix/qmgr", "ABC12: removed") + entry("s=2", "postfix/qmgr", filler)
            runner.expect(longCommand("--since=@100"), output(String(first.prefix(1_000_000))))
            runner.expect(longCommand("--after-cursor=s=1"), output(entry("s=2", "postfix/qmgr", "ABC13: removed")))
            runner.expect(command("--after-cursor=s=2"), output(entry("s=3", "postfix/qmgr", "ABC14: removed")))
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            for isCut in [true, false, false] {
                let batch = try await follower.readOn(&log, networks: [], now: 1)
                #expect(batch.events.count == 1 && batch.isCut == isCut)
            }
        }
    }

    @Test func theJournalsOtherFailuresAreThrown() async throws {
        try await withJournal { files in
            let runner = runner()
            runner.expect(command("--since=@100"), failure: .timedOut)
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            await #expect(throws: CommandFailure.self) { try await follower.readOn(&log, networks: [], now: 1) }
        }
    }

    @Test func aFailureOfTheJournalLeavesTheLogAsItWas() async throws {
        try await withJournal { files in
            let runner = runner(failing: "Failed to seek to cursor: Invalid argument")
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            await #expect(throws: UnreadableJournal.self) { try await follower.readOn(&log, networks: [], now: 1) }
            #expect(log == FollowedLog(start: 100))
            #expect(follower.hasNews)
        }
    }

    @Test func thePlaceOfTheLogMayChangeAndNoLineCountsTwice() async throws {
        try await withJournal { files in
            let runner = ScriptedRunner()
            let parameters = "postconf -x syslog_name maillog_file"
            runner.expect(parameters, CommandOutput(status: 0, standardOutput: "syslog_name = relay\n"))
            runner.expect(
                parameters,
                CommandOutput(status: 0, standardOutput: "syslog_name = relay\nmaillog_file = /var/log/postfix.log\n")
            )
            runner.expect(command("--since=@100"), output(entry("s=1", "relay/qmgr", "ABC12: \(Self.queued)")))
            try files.createDirectory("/etc/postfix")
            try files.put([], at: "/etc/postfix/main.cf")
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            _ = try await follower.readOn(&log, networks: [], now: 1)
            try files.put(Array("maillog_file = /var/log/postfix.log".utf8), at: "/etc/postfix/main.cf")
            let lines = """
                2026-11-24T12:00:00+00:00 r1 relay/qmgr[1]: ABC12: \(Self.queued)
                2026-11-24T12:00:01+00:00 r1 relay/qmgr[1]: ABC12: removed

                """
            try files.put(Array(lines.utf8), at: "/var/log/postfix.log")
            #expect(follower.hasNews)
            let batch = try await follower.readOn(&log, networks: [], now: 2)
            #expect(batch.events.map(\.event) == [.removed(try #require(QueueID("ABC12")))])
        }
    }

    /// Without a journal that lasts, the place that has the newest lines is read.
    private func place(inJournal: String, inFile: String, hasJournal: Bool = true) async throws -> MailLogPosition? {
        var position: MailLogPosition?
        try await withTemporaryRoot { files in
            try files.createDirectory("/var/log")
            try files.createDirectory("/run/log/journal/a3aa")
            if hasJournal { try files.put([0], at: "/run/log/journal/a3aa/system.journal") }
            let line = "\(inFile) r1 postfix/qmgr[1]: ABC12: removed\n"
            try files.put(Array(line.utf8), at: "/var/log/maillog")
            let runner = runner()
            let shown = inJournal.isEmpty ? "" : "\(inJournal) r1 postfix/qmgr[1]: ABC12: removed\n"
            let newest = MailLogSource.journalCommand + ["-n", "100"]
            runner.expect(newest.joined(separator: " "), CommandOutput(status: 0, standardOutput: shown))
            runner.expect("tail -n 1000 /var/log/maillog", CommandOutput(status: 0, standardOutput: line))
            runner.expect(command("--since=@100"), output(entry("s=1", "postfix/qmgr", "ABC12: removed")))
            var follower = MailLogFollower(runner: runner, files: files)
            var log = FollowedLog(start: 100)
            let batch = try await follower.readOn(&log, networks: [], now: 1_795_521_700)
            #expect(batch.events.count == 1)
            #expect(!follower.hasNews)
            position = log.position
        }
        return position
    }

    private func isFile(_ position: MailLogPosition?) -> Bool {
        if case .file = position { true } else { false }
    }

    @Test func aHostWithoutAJournalIsReadBySyslogsFile() async throws {
        #expect(isFile(try await place(inJournal: "", inFile: "2026-11-24T12:00:00+00:00", hasJournal: false)))
    }

    @Test func aJournalThatEndsWithTheBootIsReadWhereSyslogWritesNoFile() async throws {
        let (early, late) = ("2026-11-24T12:00:00+00:00", "2026-11-24T12:30:00+00:00")
        #expect(isFile(try await place(inJournal: late, inFile: late)))
        #expect(try await place(inJournal: late, inFile: early) == .journal(cursor: "s=1"))
    }
}
