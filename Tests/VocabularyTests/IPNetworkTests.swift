import Testing
import Vocabulary

struct IPNetworkTests {
    @Test(arguments: [
        "10.0.0.0/16", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/32", "::/0", "fd00:ec2::254/128",
    ])
    func readsCIDRAndWritesItBack(text: String) throws {
        #expect(try IPNetwork(text).description == text)
    }

    @Test func aSingleAddressIsARangeOfOne() throws {
        #expect(try IPNetwork("10.0.1.10").description == "10.0.1.10/32")
        #expect(try IPNetwork("::1").description == "::1/128")
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0/16", "10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/8\n0.0.0.0/0",
        "10.0.0.0/8\0", "::/129", "vpc", "10.0.0.0/", "/8", "010.0.0.0/8",
    ])
    func refusesWhatIsNoNetwork(text: String) {
        #expect(throws: InvalidValue.self) { try IPNetwork(text) }
    }

    @Test func refusesHostBitsAndNamesTheRange() {
        #expect {
            try IPNetwork("10.0.1.10/16")
        } throws: { error in
            "\(error)".contains("10.0.0.0")
        }
    }

    @Test func knowsWhatItContains() throws {
        let vpc = try IPNetwork("10.0.0.0/16")
        #expect(vpc.contains(try IPAddress("10.0.255.255")))
        #expect(!vpc.contains(try IPAddress("10.1.0.0")))
        #expect(!vpc.contains(try IPAddress("::1")))
        #expect(vpc.contains(try IPNetwork("10.0.1.0/24")))
        #expect(!vpc.contains(try IPNetwork("10.0.0.0/8")))
        #expect(vpc.overlaps(try IPNetwork("10.0.0.0/8")))
        #expect(!vpc.overlaps(try IPNetwork("10.1.0.0/16")))
    }

    @Test(arguments: [
        ("10.0.0.0/8", true), ("172.16.0.0/12", true), ("100.64.0.0/10", true), ("fd00::/8", true),
        ("10.0.0.0/7", false), ("172.0.0.0/8", false), ("192.0.2.0/24", false), ("2001:db8::/48", false),
        ("0.0.0.0/0", false),
    ])
    func knowsPrivateRanges(text: String, isPrivate: Bool) throws {
        #expect(try IPNetwork(text).isPrivate == isPrivate)
    }
}

struct DomainNameTests {
    @Test func isLowerCaseAndWithoutTheFinalDot() throws {
        #expect(try DomainName("Mail.Example.COM.").description == "mail.example.com")
    }

    @Test(arguments: [
        "", "localhost", "a..b", "-a.com", "a-.com", "a_b.com", "exa mple.com", "example.com\nmynetworks=0.0.0.0/0",
        "10.0.0.1", "$mydomain", "a.com,b.com", "\u{E4}.com",
    ])
    func refusesWhatMustNotReachMainCf(text: String) {
        #expect(throws: InvalidValue.self) { try DomainName(text) }
    }
}

struct IdentifierTests {
    @Test func readsWhatAWSGives() throws {
        #expect(try InstanceID("i-0123456789abcdef0").description == "i-0123456789abcdef0")
        #expect(try InstanceID("i-01234567").description == "i-01234567")
        #expect(try Region("eu-central-1").description == "eu-central-1")
        #expect(try ClassicLoadBalancerName("smtp-relay").description == "smtp-relay")
        #expect(try HealthPath("/health/relay.txt").description == "/health/relay.txt")
    }

    @Test func refusesTheRest() {
        #expect(throws: InvalidValue.self) { try InstanceID("i-xyz") }
        #expect(throws: InvalidValue.self) { try Region("eu central") }
        #expect(throws: InvalidValue.self) { try ClassicLoadBalancerName(String(repeating: "a", count: 33)) }
        #expect(throws: InvalidValue.self) { try HealthPath("/a; } server { listen 8080;") }
        #expect(throws: InvalidValue.self) { try HealthPath("/../etc") }
        #expect(throws: InvalidValue.self) { try HealthPath("health") }
        #expect(throws: InvalidValue.self) { try HealthPath("/metrics") }
    }

    @Test func errorsCanNotForgeLogLines() {
        #expect("a\nb\u{1B}[0m\u{85}".escapedForDisplay == "a\\nb\\u{1B}[0m\\u{0085}")
    }
}
