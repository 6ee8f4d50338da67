import Host
import RelayTestSupport
import Resources
import SystemPackage
import Testing

struct DrainOrdersTests {
    @Test func anOrderByHandLastsAndOthersEndWithTheBoot() async throws {
        try await withTemporaryRoot { (files) async throws in
            let orders = DrainOrders(files: files)
            #expect(try orders.current() == nil)
            try orders.give(DrainOrder(.byHand, since: 1))
            try orders.give(DrainOrder(.spot, since: 2))
            #expect(try orders.current()?.reason == .spot)
            try files.removeDirectory("/run/smtp-relay-agent")
            #expect(try orders.current() == DrainOrder(.byHand, since: 1))
            #expect(try await orders.withdraw())
            #expect(try await !orders.withdraw())
            #expect(try orders.current() == nil)
        }
    }

    /// Where /run is on the disk, as without systemd.
    @Test func whatEndsWithTheBootDoesAlsoWhereItsFileStays() async throws {
        try await withTemporaryRoot { (files) throws in
            func boot(_ name: String) throws {
                let path: FilePath = "/proc/sys/kernel/random/boot_id"
                try files.createDirectory(path.removingLastComponent())
                try files.replace(path, with: Array("\(name)\n".utf8), attributes: FileAttributes())
            }
            let orders = DrainOrders(files: files)
            try boot("first")
            try orders.give(DrainOrder(.byHand, since: 1))
            try orders.give(DrainOrder(.shutdown, since: 2))
            #expect(try orders.current()?.reason == .shutdown)
            try orders.noteObeyed("a")
            #expect(try !orders.isNews("a"))
            try boot("second")
            #expect(try orders.current() == DrainOrder(.byHand, since: 1))
            #expect(try orders.isNews("a"))
        }
    }

    @Test func anUnreadableOrderIsAnErrorAndNoPermission() async throws {
        try await withTemporaryRoot { (files) throws in
            let path: FilePath = "/var/lib/smtp-relay-agent/drain.json"
            try files.createDirectory(path.removingLastComponent())
            try files.replace(path, with: [0], attributes: FileAttributes())
            #expect(throws: UnreadableDrainOrder.self) { try DrainOrders(files: files).current() }
        }
    }
}
