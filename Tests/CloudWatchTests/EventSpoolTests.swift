import AWS
import Host
import RelayTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import CloudWatch

@Suite struct EventSpoolTests {
    private func events(_ texts: String...) -> [LogEvent] {
        texts.enumerated().map { LogEvent(time: 1_440_938_160_000 + $0.offset, message: $0.element) }
    }

    private func spool(_ files: FileSystem, limit: Int = 1 << 20) -> EventSpool {
        EventSpool(files: files, limit: limit, reserve: 0)
    }

    private func waiting(_ spool: EventSpool) -> [String] { spool.next(upTo: .max).events.map(\.message) }

    @Test func aMailBatchWaitsUntilItIsConfirmed() async throws {
        try await withTemporaryRoot { files in
            let spool = spool(files)
            spool.store(events("a"), as: .init(.mail, 1))
            spool.store(events("b"), as: .init(.mail, 2))
            #expect(!spool.hasNext && waiting(spool).isEmpty)
            spool.confirm(through: 1)
            #expect(spool.hasNext && waiting(spool) == ["a"])
            spool.confirm(through: 0)
            spool.confirm(through: 2)
            let next = spool.next(upTo: .max)
            #expect(next.events == events("a") + events("b"))
            spool.remove(next.batches)
            #expect(!spool.hasNext && spool.dropped == 0)
            let names = try files.names(in: SpoolFolder.path)
            #expect(names == [])
        }
    }

    @Test func theAgentsLogNeedsNoConfirmation() async throws {
        try await withTemporaryRoot { files in
            let spool = spool(files)
            spool.store(events("a"), as: .init(.agent, 7))
            #expect(spool.hasNext && waiting(spool) == ["a"])
            #expect(spool.newest(.agent) == 7 && spool.newest(.mail) == nil)
        }
    }

    @Test func aBatchThatComesAgainReplacesItself() async throws {
        try await withTemporaryRoot { files in
            let first = spool(files)
            first.store(events("a", "b"), as: .init(.mail, 3))
            // A reader that ended before it confirmed reads the same lines again, and more.
            let second = spool(files)
            second.store(events("a", "b", "c"), as: .init(.mail, 3))
            second.confirm(through: 3)
            #expect(waiting(second) == ["a", "b", "c"])
            second.store([], as: .init(.mail, 3))
            #expect(!second.hasNext && second.dropped == 0)
        }
    }

    @Test func aRestartLosesNothingAndConfirmsNothing() async throws {
        try await withTemporaryRoot { files in
            let first = spool(files)
            first.store(events("a"), as: .init(.mail, 1))
            first.store(events("b"), as: .init(.mail, 2))
            first.confirm(through: 2)
            let second = spool(files)
            #expect(!second.hasNext && second.newest(.mail) == 2)
            second.confirm(through: 2)
            #expect(waiting(second) == ["a", "b"])
        }
    }

    @Test func halfAFileIsNeverRead() async throws {
        try await withTemporaryRoot { files in
            spool(files).store(events("a"), as: .init(.agent, 1))
            let folder = SpoolFolder.path
            try files.put(Array("1440938160000 half".utf8), at: folder.appending(".agent-2.smtp-relay-agent-999999-x"))
            try files.put(Array("no".utf8), at: folder.appending("notes-1-2"))
            let spool = spool(files)
            #expect(waiting(spool) == ["a"])
            let names = try #require(try files.names(in: folder))
            #expect(!names.contains { $0.hasPrefix(".") })
        }
    }

    @Test func linesOfAnotherFormAreLeftOut() {
        let bytes = Array("1 a\nx\n\n2 b c\n3\n-4 d\n".utf8) + [0x35, 0x20, 0xFF, 0x0A]
        let expected = [(1, "a"), (2, "b c"), (-4, "d"), (5, "\u{FFFD}")].map { LogEvent(time: $0.0, message: $0.1) }
        #expect(SpoolFile.events(in: bytes) == expected)
        #expect(SpoolFile.events(in: SpoolFile.bytes(of: events("a\nb"))).map(\.message) == ["a b"])
    }

    @Test func filesAreForRootAlone() async throws {
        try await withTemporaryRoot { files in
            spool(files).store(events("a"), as: .init(.mail, 1))
            let folder = SpoolFolder.path
            let attributes = try #require(try files.folderAttributes(at: folder))
            #expect(attributes.permissions.rawValue == 0o700)
            let names = try #require(try files.names(in: folder))
            #expect(names == ["mail-00000000000000000001"])
            let file = try files.attributes(at: folder.appending(names[0]))
            #expect(file.permissions.rawValue == 0o600)
        }
    }

    @Test func theOldestAreDroppedAndCountedAlsoOverRestarts() async throws {
        try await withTemporaryRoot { files in
            let long = String(repeating: "x", count: 100)
            let first = spool(files, limit: 300)
            for number in 1...5 { first.store(events(long + "\(number)", "y"), as: .init(.agent, number)) }
            #expect(first.dropped == 6)
            // A batch that is larger than the limit takes no other's place.
            first.store(events(String(repeating: "x", count: 500)), as: .init(.agent, 6))
            #expect(first.dropped == 7)
            #expect(waiting(first).filter { $0 != "y" } == ["\(long)4", "\(long)5"])
            #expect(spool(files).dropped == 7)
        }
    }

    @Test func aBatchThatIsBeingSentIsNotDropped() async throws {
        try await withTemporaryRoot { files in
            let spool = spool(files, limit: 60)
            spool.store(events("first"), as: .init(.agent, 1))
            #expect(waiting(spool) == ["first"])
            spool.store(events("second"), as: .init(.agent, 2))
            spool.store(events("third........"), as: .init(.agent, 3))
            #expect(waiting(spool) == ["first", "third........"])
            #expect(spool.dropped == 1)
        }
    }

    @Test func aFullDiskDropsAndCounts() async throws {
        try await withTemporaryRoot { files in
            let isFull = Mutex(false)
            let failing = FileSystem(root: files.location(of: "/")) { (path) throws(FileFailure) in
                if isFull.withLock({ $0 }) { throw FileFailure(.write, path, code: .noSpace) }
            }
            let spool = spool(failing)
            spool.store(events("a"), as: .init(.agent, 1))
            isFull.withLock { $0 = true }
            spool.store(events("b", "c"), as: .init(.agent, 2))
            #expect(spool.dropped == 2)
            isFull.withLock { $0 = false }
            spool.store(events("d"), as: .init(.agent, 3))
            #expect(waiting(spool) == ["a", "d"])
            spool.drop(1)
            #expect(self.spool(files).dropped == 3)
        }
    }

    @Test func spaceIsLeftToMail() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory(SpoolFolder.path)
            let spool = EventSpool(files: files, limit: 1 << 20, reserve: .max / 2)
            spool.store(events("a"), as: .init(.agent, 1))
            #expect(!spool.hasNext && spool.dropped == 1)
        }
    }

    @Test func aCallIsNotLargerThanAsked() async throws {
        try await withTemporaryRoot { files in
            let spool = spool(files)
            for number in 1...4 { spool.store(events("\(number)"), as: .init(.agent, number)) }
            let size = SpoolFile.bytes(of: events("1")).count
            #expect(spool.next(upTo: 2 * size).events.map(\.message) == ["1", "2"])
            #expect(spool.next(upTo: 1).events.map(\.message) == ["1"])
        }
    }

    @Test func eventsOfAnotherInstanceAreNotSent() async throws {
        try await withTemporaryRoot { files in
            let first = spool(files)
            first.adopt("i-1")
            first.store(events("a"), as: .init(.agent, 1))
            first.adopt("i-1")
            #expect(first.hasNext)
            let other = spool(files)
            other.adopt("i-2")
            #expect(!other.hasNext && other.dropped == 0)
        }
    }

    @Test func whatNobodyWantsIsForgotten() async throws {
        try await withTemporaryRoot { files in
            let spool = spool(files)
            spool.store(events("a"), as: .init(.mail, 1))
            spool.clear()
            spool.confirm(through: 1)
            #expect(!spool.hasNext && spool.dropped == 0)
        }
    }
}
