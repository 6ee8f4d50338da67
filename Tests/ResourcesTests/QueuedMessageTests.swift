import Host
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import Resources

struct QueuedMessageTests {
    private static func record(_ kind: Character, _ data: String) -> [UInt8] {
        let bytes = Array(data.utf8)
        let length =
            bytes.count < 0x80 ? [UInt8(bytes.count)] : [UInt8(bytes.count & 0x7F | 0x80), UInt8(bytes.count >> 7)]
        return [kind.asciiValue ?? 0] + length + bytes
    }

    private static let head =
        record("C", "            301             500               1               0             301")
        + record("T", "1795519800 123456") + record("A", "rewrite_context=remote") + record("S", "web@example.com")
        + record("A", "log_client_name=web.internal") + record("A", "log_client_address=10.0.2.21")
    private static let body =
        record("M", "") + record("N", "Subject: x") + record("R", "not@an.envelope") + record("E", "")

    private func read(_ bytes: [UInt8], log: String = "") -> QueuedMessage? {
        QueuedMessage(id: "3F2A1B00C4", state: .deferred, file: QueueFile(bytes), nextTry: 1_795_520_100, log: log)
    }

    @Test func anEnvelopeIsRead() throws {
        let long = String(repeating: "x", count: 200) + "@example.net"
        let file =
            Self.head + Self.record("R", "b@example.net") + Self.record("D", "done@example.net")
            + Self.record("R", long)
        let message = try #require(read(file + Self.body))
        #expect(message.arrival == 1_795_519_800 && message.size == 301)
        #expect(message.sender == "web@example.com")
        // One that has been delivered does not wait any more.
        #expect(message.recipients == ["b@example.net", long])
        #expect(message.client == QueuedMessage.Client(name: "web.internal", address: try IPAddress("10.0.2.21")))
        #expect(message.nextTry == 1_795_520_100)
    }

    /// Recipients from the message's header, as of 'sendmail -t', and added ones, stand behind the message.
    @Test func recipientsBehindTheMessageAreRead() throws {
        for size in [20, 100_000] {
            let text = (0..<size / 20).flatMap { _ in Self.record("N", String(repeating: "x", count: 18)) }
            func start(_ place: Int) -> [UInt8] {
                Self.record("C", "\(Self.padded(text.count)) \(Self.padded(place))") + Self.head + Self.record("M", "")
            }
            let end = Self.record("X", "") + Self.record("R", "hidden@example.net") + Self.record("E", "")
            let found = read(start(start(0).count) + text + end)
            #expect(found?.recipients == ["hidden@example.net"] && found?.size == text.count)
        }
    }

    private static func padded(_ number: Int) -> String {
        String(repeating: " ", count: 15 - "\(number)".count) + "\(number)"
    }

    /// A milter that adds a recipient has it written at the end of the file, and a pointer in the envelope.
    @Test func aPointerIsFollowed() throws {
        let start = Self.head + Self.record("R", "b@example.net")
        let pointer = Self.record("p", Self.padded(0))
        let back = start.count + pointer.count
        let extra = back + Self.body.count
        let file =
            start + Self.record("p", Self.padded(extra)) + Self.body + Self.record("R", "c@example.net")
            + Self.record("p", Self.padded(back))
        #expect(read(file)?.recipients == ["b@example.net", "c@example.net"])
        #expect(read(start + pointer + Self.body)?.recipients == ["b@example.net"])
        // One that leads to itself ends.
        #expect(read(start + Self.record("p", Self.padded(start.count)) + Self.body)?.recipients == ["b@example.net"])
    }

    @Test func aFileThatIsNoMessageIsNone() {
        #expect(read([]) == nil)
        #expect(read(Self.record("T", "1795519800 1")) == nil)
        #expect(read(Array("nonsense".utf8)) == nil)
    }

    @Test func theReasonsOfTheLastTriesAreRead() throws {
        let log = """

            <b@example.net>: host mx said: 451 later
            recipient=b@example.net
            offset=523
            status=4.7.1
            action=delayed
            reason=host mx said: 451 later

            recipient=c@example.net
            reason=connect to mx: Connection refused
            """
        let message = try #require(read(Self.head + Self.record("R", "b@example.net") + Self.body, log: log))
        #expect(message.reasons["b@example.net"] == "host mx said: 451 later")
        #expect(message.reasons["c@example.net"] == "connect to mx: Connection refused")
    }

    @Test func whateverIsInAFileEnds() async throws {
        await fuzz(300) { chance in
            let whole = String(decoding: Self.head + Self.record("R", "b@example.net") + Self.body, as: UTF8.self)
            _ = read(
                Array(chance.mutation(of: [whole]).utf8),
                log: chance.mutation(of: ["recipient=a\nreason=b\n\n"])
            )
        }
    }

    private func choice(_ change: (inout QueueSelection) -> Void) -> QueueSelection {
        var selection = QueueSelection()
        change(&selection)
        return selection
    }

    @Test func eachChoiceMeansItsMessages() throws {
        let log = "recipient=b@example.net\nreason=connect to mx: Connection refused\n"
        let found = try #require(read(Self.head + Self.record("R", "b@example.net") + Self.body, log: log))
        let now = 1_795_519_800 + 3600
        for chosen in [
            choice { $0.sender = "WEB@example.com" }, choice { $0.sender = "example.com" },
            choice { $0.recipient = "b@example.net" }, choice { $0.recipient = "example.net" },
            choice { $0.client = "10.0.2.21" }, choice { $0.client = "web.internal" },
            choice { $0.reason = "connection REFUSED" }, choice { $0.olderThan = .seconds(3599) },
            choice { $0.state = .deferred }, choice { $0.ids = ["0", "3F2A1B00C4"] }, QueueSelection(),
        ] {
            #expect(chosen.contains(found, at: now), "\(chosen)")
        }
        for other in [
            choice { $0.sender = "" }, choice { $0.sender = "ample.com" }, choice { $0.recipient = "web@example.com" },
            choice { $0.client = "10.0.2.2" }, choice { $0.reason = "timed out" },
            choice { $0.olderThan = .seconds(3600) },
            choice { $0.state = .hold }, choice { $0.ids = ["0"] },
            choice {
                // That is why another one does not have it.
                $0.recipient = "c@example.net"
                $0.reason = "refused"
            },
            choice {
                $0.sender = "example.com"
                $0.recipient = "example.com"
            },
        ] {
            #expect(!other.contains(found, at: now), "\(other)")
        }
    }

    @Test func aListSaysWhatWaitsAndWhy() throws {
        let log = "recipient=b@example.net\nreason=connect to mx: Connection refused\n"
        let found = try #require(read(Self.head + Self.record("R", "b@example.net") + Self.body, log: log))
        let list = QueueList([found], now: 1_795_519_800 + 240)
        #expect(
            list.text == """
                3F2A1B00C4  deferred  4 min old  301 bytes  from web@example.com by 10.0.2.21, next try in 60 s
                    to b@example.net: connect to mx: Connection refused
                1 message: 1 deferred

                """
        )
        #expect(list.json.contains(#""nextTry" : "2026-11-24T11:35:00Z""#))
        #expect(QueueList([], now: 0).text == "No message is chosen.\n")
    }

    @Test(arguments: QueueChange.allCases)
    func aChangeAppliesWhereItMakesADifference(change: QueueChange) throws {
        let deferred = try #require(read(Self.head + Self.body))
        let held = try #require(
            QueuedMessage(id: "0", state: .hold, file: QueueFile(Self.head + Self.body), nextTry: nil, log: "")
        )
        #expect(change.applies(to: deferred) == (change != .release))
        #expect(change.applies(to: held) == (change == .release || change == .delete))
    }

    /// Postfix may have given the id to another message since the list was made.
    @Test func aMessageThatHasTheIdOfAnotherIsLeftAlone() async throws {
        try await withTemporaryRoot { files in
            let directory: FilePath = "/var/spool/postfix/deferred"
            try files.createDirectory(directory)
            for state in QueuedMessage.State.allCases {
                try files.createDirectory(FilePath("/var/spool/postfix/\(state.rawValue)"))
            }
            try files.createDirectory("/var/spool/postfix/defer")
            let queue = PostfixQueue(files: files)
            let path = directory.appending("3F2A1B00C4")
            try files.replace(path, with: Self.head + Self.body, attributes: FileAttributes())
            let messages = try queue.messages()
            #expect(messages.count == 1)
            let runner = ScriptedRunner([
                "postsuper -d 3F2A1B00C4": CommandOutput(status: 0, standardError: "postsuper: Deleted: 1 message\n")
            ])
            #expect(try await QueueChange.delete.apply(to: messages, in: queue, by: runner) == 1)
            let later = Self.head.replacing("1795519800".utf8, with: "1795519801".utf8)
            try files.replace(path, with: later + Self.body, attributes: FileAttributes())
            #expect(try await QueueChange.delete.apply(to: messages, in: queue, by: ScriptedRunner([:])) == 0)
        }
    }
}
