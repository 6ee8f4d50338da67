import Host
import MailLogs
import Testing
import Vocabulary

@testable import Doctor
@testable import Resources

/// A name server that knows one name.
private struct OneName: NameResolving {
    let name: String
    let address: String

    func ask(_ server: IPAddress, _ name: String, _ kind: DNSRecord.Kind) throws(DNSFailure) -> [DNSRecord] {
        guard name == self.name, kind == .a, let address = try? IPAddress(address) else { return [] }
        return [.address(address)]
    }
}

struct RelayHostWayTests {
    private func way(_ relayhost: String, own: [String] = ["10.0.2.20"], names: [String] = ["app.example.com"]) throws
        -> RelayHostWay
    {
        let resolver = OneName(name: "relay.example.com", address: "10.0.2.20")
        return RelayHostWay(
            try RelayHost(relayhost),
            names: HostNames(servers: [try IPAddress("10.0.0.2")], resolver: resolver),
            own: try own.map { try IPAddress($0) },
            ownNames: names
        )
    }

    @Test(arguments: ["[10.0.2.20]:25", "[relay.example.com]:25", "[app.example.com]:25"])
    func thisHostsOwnAddressOrNameIsRefused(relayhost: String) async throws {
        let way = try way(relayhost)
        let failure = await #expect(throws: RelayHostIsThisHost.self) { try await way.expectAnotherHost() }
        #expect(failure?.description.contains("is this host itself") == true)
    }

    @Test func anotherHostIsFine() async throws {
        #expect(try await way("[10.0.0.25]:25").expectAnotherHost().map(\.description) == ["10.0.0.25"])
        #expect(try await way("[relay.example.com]", own: []).expectAnotherHost().map(\.description) == ["10.0.2.20"])
        #expect(try await way("[unknown.example.com]").expectAnotherHost().isEmpty)
    }

    @Test func aNameWithoutAnAddressIsAFinding() async throws {
        let found = try await RelayhostExamination(way: way("[unknown.example.com]:25")).findings()
        #expect(found.map(\.name) == ["relayhost-unknown"])
        let itself = try await RelayhostExamination(way: way("[10.0.2.20]:25")).findings()
        #expect(itself.map(\.name) == ["relayhost-is-this-host"])
    }
}

struct SenderMailLogTests {
    private let own = ["127.0.0.1", "10.0.2.20", "fe80::1", "2001:db8::20"]
    private let commands = SystemdCommands()

    @Test func aRelayThatRefusesThisHostIsToldWithWhatToAddThere() throws {
        let said =
            "bounced (host 10.0.0.25[10.0.0.25] said: 554 5.7.1 <a@b>: Relay access denied (in reply to RCPT TO))"
        let entry = MailLogEntry(
            program: "smtp",
            message: "A1: to=<a@b>, relay=10.0.0.25[10.0.0.25]:25, status=\(said)"
        )
        let found = SenderMailLogExamination.judge(MailLogDigest([entry]), try own.map { try IPAddress($0) }, commands)
        #expect(found.map(\.name) == ["relay-refuses-this-host", "deliveries-bounced"])
        #expect(found[0].fix.contains("add 10.0.2.20/32 or 2001:db8::20/128 to networks"))
        #expect(found[0].seen.contains("refused 1 delivery of this host"))
    }

    @Test func otherBouncesAreOnlyThat() {
        let entry = MailLogEntry(
            program: "smtp",
            message: "A1: to=<a@b>, relay=x[10.0.0.25]:25, status=bounced (no such user)"
        )
        #expect(
            SenderMailLogExamination.judge(MailLogDigest([entry]), [], commands).map(\.name) == ["deliveries-bounced"]
        )
    }
}
