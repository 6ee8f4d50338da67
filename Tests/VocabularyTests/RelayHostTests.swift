import Testing
import Vocabulary

struct RelayHostTests {
    @Test(arguments: [
        ("[relay.internal.example.com]:25", "[relay.internal.example.com]:25", 25 as UInt16),
        ("[Relay.Example.COM]", "[relay.example.com]", 25), ("[10.0.0.25]:587", "[10.0.0.25]:587", 587),
        ("[IPv6:2001:db8::1]:2525", "[ipv6:2001:db8::1]:2525", 2525),
    ])
    func aHostInBracketsIsOne(text: String, written: String, port: UInt16) throws {
        let relayhost = try RelayHost(text)
        #expect(relayhost.description == written)
        #expect(relayhost.port == port)
    }

    @Test func aNameAndAnAddressAreToldApart() throws {
        #expect(try RelayHost("[relay.example.com]").host == .name(DomainName("relay.example.com")))
        #expect(try RelayHost("[IPv6:2001:db8::1]").host == .address(IPAddress("2001:db8::1")))
    }

    /// Without brackets Postfix would ask for MX records, which a load balancer has not.
    @Test(arguments: [
        "relay.example.com", "relay.example.com:25", "[relay]:25", "[]:25", "[10.0.0.25]:0", "", "[a.b]:x",
    ])
    func whatIsNoneIsRefused(text: String) {
        #expect(throws: InvalidValue.self) { try RelayHost(text) }
    }

    @Test(arguments: [
        "[127.0.0.1]:25", "[127.1.2.3]", "[0.0.0.0]", "[IPv6:::1]:25", "[IPv6:::]", "[localhost.localdomain]:25",
    ])
    func thisHostItselfIsRefused(text: String) {
        let failure = #expect(throws: InvalidValue.self) { try RelayHost(text) }
        #expect(failure?.description.contains("round in circles") == true)
    }
}
