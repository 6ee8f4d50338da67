import Host
import RelayTestSupport
import SystemPackage
import Testing

@testable import MailLogs

struct FileReaderTests {
    private static let now = 1_795_521_600
    private static let log: FilePath = "/maillog"

    /// A reader that goes on where it was, and what it has read.
    private struct Follower {
        let files: FileSystem
        var limit = 4_000_000
        var position: FilePosition?
        var messages: [String] = []

        /// Reads all that is there.
        mutating func read() async throws {
            let reader = FileReader(path: log, runner: SubprocessRunner(), files: files, limit: limit)
            while true {
                let reading = try await reader.entries(after: position, now: now, of: "postfix")
                messages += reading.entries.map(\.message)
                if case .file(let place)? = reading.position { position = place }
                guard reading.isCut else { return }
            }
        }

        /// Has a shell do something, whose `$1` is the log and whose `$2` are further lines.
        func shell(_ script: String, _ range: Range<Int> = 0..<0) async throws {
            let arguments = ["-ec", script, "sh", files.location(of: log).string, lines(range)]
            _ = try await SubprocessRunner().runChecked(Command("sh", arguments))
        }

        func write(_ range: Range<Int>) async throws { try await shell("printf %s \"$2\" >>\"$1\"", range) }
    }

    private static func lines(_ range: Range<Int>) -> String {
        range.map { "Nov 24 11:31:19 r1 postfix/smtp[1]: m\($0)\n" }.joined()
    }

    private static func messages(_ range: Range<Int>) -> [String] { range.map { "m\($0)" } }

    @Test func linesAreReadOnceAndOnlyWhole() async throws {
        try await withTemporaryRoot { files in
            var follower = Follower(files: files)
            try await follower.read()
            try await follower.write(0..<2)
            try await follower.shell("printf 'Nov 24 11:31:19 r1 postfix/smtp[1]: m' >>\"$1\"")
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<2))
            try await follower.shell("echo 2 >>\"$1\"")
            try await follower.read()
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<3))
        }
    }

    @Test(arguments: [100, 300, 1000])
    func aLongLogIsReadInParts(limit: Int) async throws {
        try await withTemporaryRoot { files in
            var follower = Follower(files: files, limit: limit)
            try await follower.write(0..<50)
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<50))
        }
    }

    /// logrotate(8) with and without `compress` and `copytruncate`, and `postfix logrotate`. `$3` is the number of the rotation.
    @Test(arguments: [
        "mv $1 $1-2026120$3; : >$1", "[ ! -e $1.1 ] || mv $1.1 $1.2; mv $1 $1.1; : >$1", "cp $1 $1-2026120$3; : >$1",
        "mv $1 $1.2026120$3-101010; : >$1; gzip $1.2026120$3-101010", "mv $1 $1-$3; xz $1-$3; : >$1",
        "cp $1 $1-$3; gzip $1-$3; : >$1", "mv $1 $1-$3",
    ])
    func aRotationLosesNothing(script: String) async throws {
        try await withTemporaryRoot { files in
            var follower = Follower(files: files)
            for round in 0..<3 {
                let first = round * 10
                try await follower.write(first..<first + 4)
                try await follower.read()
                try await follower.write(first + 4..<first + 8)
                try await follower.shell("set -- $1 x \(round); \(script)")
                try await follower.write(first + 8..<first + 10)
            }
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<30))
        }
    }

    @Test func severalRotationsBetweenTwoReadingsLoseNothing() async throws {
        try await withTemporaryRoot { files in
            var follower = Follower(files: files)
            try await follower.write(0..<4)
            try await follower.read()
            for round in 1..<4 {
                try await follower.write(round * 4..<round * 4 + 4)
                try await follower.shell(
                    "mv $1 $1-2026120\(round); gzip $1-2026120\(round); touch -d '2026-12-0\(round)' $1-2026120\(round).gz"
                )
            }
            try await follower.write(16..<20)
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<20))
        }
    }

    @Test func aFileThatIsBeingCompressedIsReadOnce() async throws {
        try await withTemporaryRoot { files in
            var follower = Follower(files: files)
            try await follower.write(0..<4)
            try await follower.read()
            try await follower.write(4..<6)
            try await follower.shell("mv $1 $1-1; : >$1; gzip -c $1-1 | head -c 60 >$1-1.gz")
            try await follower.write(6..<8)
            for _ in 0..<2 { try await follower.read() }
            #expect(follower.messages == Self.messages(0..<8))
            try await follower.shell("gzip -c $1-1 >$1-1.gz; rm $1-1")
            try await follower.write(8..<10)
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<10))
        }
    }

    @Test func aProgramMayGoOnWritingToTheFileThatWasRenamed() async throws {
        try await withTemporaryRoot { files in
            var follower = Follower(files: files)
            try await follower.write(0..<2)
            try await follower.read()
            try await follower.shell("mv $1 $1-20261201; : >$1")
            try await follower.read()
            try await follower.shell("printf %s \"$2\" >>$1-20261201", 2..<3)
            try await follower.read()
            try await follower.write(3..<4)
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<4))
        }
    }

    @Test func aLogThatWasRemovedIsBegunAnew() async throws {
        try await withTemporaryRoot { files in
            var follower = Follower(files: files)
            try await follower.write(0..<3)
            try await follower.read()
            try await follower.shell("rm $1")
            try await follower.read()
            try await follower.write(7..<8)
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<3) + ["m7"])
        }
    }

    @Test func bytesThatAreNoTextLoseNoLine() async throws {
        try await withTemporaryRoot { files in
            var follower = Follower(files: files, limit: 300)
            // Letters of Latin-1, also in the lines by which the file is known, and a hole that a crash has left.
            try await follower.shell("printf 'x \\344\\366\\374 y\\n' >>$1")
            try await follower.write(0..<20)
            try await follower.read()
            try await follower.shell("head -c 1000 /dev/zero >>$1; echo >>$1")
            try await follower.write(20..<40)
            try await follower.shell("printf 'x \\344\\366\\374 y\\n' >>$1")
            try await follower.write(40..<60)
            try await follower.shell("gzip <$1 >$1-1.gz; : >$1")
            try await follower.write(60..<61)
            try await follower.read()
            #expect(follower.messages == Self.messages(0..<61))
        }
    }
}
