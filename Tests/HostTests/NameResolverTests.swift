import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import Host

struct NameResolverTests {
    /// An answer to a query of an id: one question, and these records, each with the question's name pointed to.
    private func answer(to query: [UInt8], code: UInt8 = 0, _ records: [(UInt8, [UInt8])]) -> [UInt8] {
        let question = query[12..<(query.count - 11)]
        var bytes = [query[0], query[1], 0x81, 0x80 | code, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0] + question
        for (type, data) in records {
            bytes += [0xC0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, UInt8(data.count)] + data
        }
        return bytes
    }

    @Test func aQueryAsksOneQuestion() throws {
        let query = try DNSMessage.query("a.example.", .txt, id: 0x1234)
        #expect(Array(query.prefix(12)) == [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1])
        #expect(Array(query[12..<27]) == [1, 97, 7, 101, 120, 97, 109, 112, 108, 101, 0, 0, 16, 0, 1])
    }

    @Test(arguments: [
        "", ".", "a..b", ".a", "a..", String(repeating: "a", count: 64), String(repeating: "abcdefg.", count: 40),
    ])
    func whatCannotBeANameIsNotAsked(name: String) {
        #expect(throws: DNSFailure.badName) { try DNSMessage.query(name, .a, id: 1) }
    }

    @Test func recordsAreRead() throws {
        let query = try DNSMessage.query("a.example", .a, id: 7)
        // An alias on the way is skipped.
        let addresses = answer(to: query, [(5, [0xC0, 12]), (1, [192, 0, 2, 1]), (1, [192, 0, 2, 2])])
        #expect(
            try DNSMessage.records(addresses, answering: query, .a)
                == [.address(IPAddress("192.0.2.1")), .address(IPAddress("192.0.2.2"))]
        )
        let names = answer(to: query, [(12, [1, 98, 0xC0, 14])])
        #expect(try DNSMessage.records(names, answering: query, .ptr) == [.pointer("b.example")])
        let exchangers = answer(to: query, [(15, [0, 10, 1, 98, 0xC0, 14]), (15, [1, 0, 0])])
        #expect(
            try DNSMessage.records(exchangers, answering: query, .mx)
                == [.exchanger(preference: 10, "b.example"), .exchanger(preference: 256, "")]
        )
        let texts = answer(to: query, [(16, [2, 118, 61, 1, 115])])
        #expect(try DNSMessage.records(texts, answering: query, .txt) == [.text("v=s")])
    }

    @Test func noSuchNameIsAnAnswerAndAnErrorIsNot() throws {
        let query = try DNSMessage.query("a.example", .a, id: 7)
        #expect(try DNSMessage.records(answer(to: query, code: 3, []), answering: query, .a) == [])
        #expect(throws: DNSFailure.refused(code: 2)) {
            try DNSMessage.records(answer(to: query, code: 2, []), answering: query, .a)
        }
        var cut = answer(to: query, [])
        cut[2] |= 0x02
        #expect(throws: DNSFailure.truncated) { try DNSMessage.records(cut, answering: query, .a) }
    }

    @Test func whatAnswersAnotherQuestionIsNoAnswer() throws {
        let (query, other) = (try DNSMessage.query("a.b", .a, id: 7), try DNSMessage.query("a.b", .a, id: 8))
        #expect(try DNSMessage.records(answer(to: other, []), answering: query, .a) == nil)
        #expect(try DNSMessage.records(query, answering: query, .a) == nil)
        #expect(try DNSMessage.records([], answering: query, .a) == nil)
    }

    @Test func aNameThatLeadsToItselfIsRefused() throws {
        let query = try DNSMessage.query("a.example", .ptr, id: 7)
        let loop = answer(to: query, [(12, [0xC0, 39])])
        #expect(throws: DNSFailure.unreadable) { try DNSMessage.records(loop, answering: query, .ptr) }
    }

    /// Reading ends for any bytes: every answer cut short, and every byte of it another.
    @Test(arguments: [DNSRecord.Kind.a, .ptr, .mx, .txt, .aaaa])
    func spoiltAnswersNeitherCrashNorHang(kind: DNSRecord.Kind) throws {
        let query = try DNSMessage.query("a.example", kind, id: 7)
        let data: [UInt8] =
            switch kind {
            case .a: [192, 0, 2, 1]
            case .aaaa: [UInt8](repeating: 1, count: 16)
            case .mx: [0, 10, 1, 98, 0]
            case .ptr, .txt: [1, 98, 0]
            }
        let whole = answer(to: query, [(UInt8(kind.rawValue), data)])
        var readings = 0
        for length in 0...whole.count {
            _ = try? DNSMessage.records(Array(whole[..<length]), answering: query, kind)
            readings += 1
        }
        for index in whole.indices {
            for value in UInt8.min ... .max {
                var spoilt = whole
                spoilt[index] = value
                _ = try? DNSMessage.records(spoilt, answering: query, kind)
                readings += 1
            }
        }
        #expect(readings == whole.count * 257 + 1)
    }

    @Test func theServersAreThoseOfResolvConf() async throws {
        try await withTemporaryRoot { files in
            #expect(NameResolver(files: files).servers.isEmpty)
            let text = "# nameserver 10.0.0.9\nsearch x\nnameserver 10.0.0.2\nnameserver nonsense\nnameserver ::1\n"
            try files.createDirectory("/etc")
            try files.replace("/etc/resolv.conf", with: Array(text.utf8), attributes: FileAttributes())
            #expect(NameResolver(files: files).servers == [try IPAddress("10.0.0.2"), try IPAddress("::1")])
        }
    }

    @Test func anAnswerThatIsTooLongForADatagramIsAskedForOverTCP() async throws {
        @Sendable func cut(_ query: [UInt8]) -> [UInt8] {
            var bytes = self.answer(to: query, [])
            bytes[2] |= 0x02
            return bytes
        }
        let text = [UInt8](repeating: 97, count: 200)
        @Sendable func whole(_ query: [UInt8]) -> [UInt8] {
            self.answer(to: query, [(UInt8, [UInt8])](repeating: (16, [200] + text), count: 30))
        }
        let server = try IPAddress("127.0.0.1")
        let found = try await LoopbackNameServer.serving(datagram: cut, stream: whole) { port in
            try await NameResolver(files: FileSystem(), port: port).ask(server, "a.example", .txt)
        }
        #expect(found == [DNSRecord](repeating: .text(String(decoding: text, as: UTF8.self)), count: 30))
        await #expect(throws: DNSFailure.truncated) {
            try await LoopbackNameServer.serving(datagram: cut, stream: { _ in nil }) { port in
                try await NameResolver(files: FileSystem(), port: port).ask(server, "a.example", .txt)
            }
        }
    }

    /// Answers what the test says, by server.
    private struct Fake: NameResolving {
        let answers: [IPAddress: [DNSRecord]]

        func ask(_ server: IPAddress, _ name: String, _ kind: DNSRecord.Kind) throws(DNSFailure) -> [DNSRecord] {
            guard let answer = answers[server] else { throw .timedOut }
            return name == "25.2.0.192.in-addr.arpa" || name.hasSuffix(".0.8.b.d.0.1.0.0.2.ip6.arpa") ? answer : []
        }
    }

    @Test func theNextServerIsAskedWhereOneIsDead() async throws {
        let (dead, live) = (try IPAddress("10.0.0.9"), try IPAddress("10.0.0.2"))
        let fake = Fake(answers: [live: [.pointer("Mail.example")]])
        let names = HostNames(servers: [dead, live], resolver: fake)
        #expect(try await names.names(of: IPAddress("192.0.2.25")) == ["mail.example"])
        #expect(try await names.names(of: IPAddress("2001:db8::1")) == ["mail.example"])
        await #expect(throws: DNSFailure.timedOut) {
            try await HostNames(servers: [dead], resolver: fake).names(of: IPAddress("192.0.2.25"))
        }
        await #expect(throws: DNSFailure.noServer) {
            try await HostNames(servers: [], resolver: fake).texts("example.com")
        }
    }

    /// A server with the names of one address, and the address of each name.
    private struct Zone: NameResolving {
        let pointers: [String]
        let addresses: [String: IPAddress]

        func ask(_ server: IPAddress, _ name: String, _ kind: DNSRecord.Kind) throws(DNSFailure) -> [DNSRecord] {
            switch kind {
            case .ptr: return pointers.map(DNSRecord.pointer)
            case .a: return addresses[name].map { [.address($0)] } ?? []
            case .aaaa, .mx, .txt: throw .timedOut
            }
        }
    }

    @Test func anAddressesNameCountsOnlyWhereItLeadsBack() async throws {
        let (address, other) = (try IPAddress("192.0.2.25"), try IPAddress("192.0.2.26"))
        func name(_ pointers: [String], _ addresses: [String: IPAddress]) async throws -> String? {
            let zone = Zone(pointers: pointers, addresses: addresses)
            return try await HostNames(servers: [other], resolver: zone).confirmedName(of: address)?.description
        }
        #expect(try await name(["Mail.example."], ["mail.example.": address]) == "mail.example")
        #expect(try await name(["mail.example"], ["mail.example": other]) == nil)
        #expect(try await name(["mail.example"], [:]) == nil)
        #expect(try await name([], ["mail.example": address]) == nil)
        // A text that can't be a host's name can't be a greeting.
        #expect(try await name(["mail"], ["mail": address]) == nil)
        #expect(try await name(["a b.example"], ["a b.example": address]) == nil)
        // Servers turn the order around at each answer.
        let two = ["b.example": address, "a.example": address]
        #expect(try await name(["b.example", "a.example"], two) == "a.example")
        #expect(try await name(["a.example", "b.example"], two) == "a.example")
    }

    @Test func listenersAreReadWithWhomTheyServe() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/proc/net")
            let table = """
                  sl  local_address rem_address   st tx_queue rx_queue
                   0: 00000000:0019 00000000:0000 0A 00000000:00000000
                   1: 0100007F:2729 00000000:0000 0A 00000000:00000000
                   2: 0A01000A:0050 1402000A:9C40 01 00000000:00000000
                """
            try files.replace("/proc/net/tcp", with: Array(table.utf8), attributes: FileAttributes())
            #expect(ListeningSockets(files: files).current() == [25: true, 10025: false])
        }
    }
}
