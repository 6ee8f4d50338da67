import Host
import Reports
import Resources
import RelayTestSupport
import SystemPackage
import Testing

/// The agent's own files, after a power cut or an older version.
struct OwnFilesFuzzTests {
    @Test func aStatusIsReadWholeOrNotAtAll() async throws {
        try await withTemporaryRoot { files in
            let file = StatusFile(files: files)
            var status = NodeStatus()
            status.networks = ["10.0.0.0/16"]
            status.drain = DrainOrder(.spot, since: 1)
            try file.write(status)
            #expect(file.read() == status)
            let whole = try files.bytes(at: StatusFile.path)
            try await fuzz(60) { chance in
                let bytes = chance.mutation(of: [whole])
                try files.put(bytes, at: StatusFile.path)
                guard let read = file.read() else { return #expect(bytes != whole, "\(chance)") }
                try file.write(read)
                #expect(file.read() == read, "\(chance)")
            }
        }
    }

    /// An order that can't be read is never taken for none: the node might take mail that it should not.
    @Test func aDrainOrderIsAnOrderOrAnError() async throws {
        try await withTemporaryRoot { files in
            let orders = DrainOrders(files: files)
            let order = DrainOrder(.byHand, since: 1_700_000_000)
            try orders.give(order)
            let whole = try files.bytes(at: "/var/lib/smtp-relay-agent/drain.json")
            try await fuzz(60) { chance in
                let bytes = chance.mutation(of: [whole, Array("{}".utf8), Array("null".utf8)])
                try files.put(bytes, at: "/var/lib/smtp-relay-agent/drain.json")
                do {
                    let read = try #require(try orders.current(), "\(chance)")
                    if bytes == whole { #expect(read == order, "\(chance)") }
                } catch let error as UnreadableDrainOrder {
                    #expect(bytes != whole && "\(error)".isOnePlainLine, "\(chance)")
                }
            }
        }
    }
}
