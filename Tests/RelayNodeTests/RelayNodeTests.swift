import RelayNode
import Testing
import Vocabulary

/// Facts of an instance in a VPC of two IPv4 ranges.
func exampleFacts(networks: [String] = ["10.0.0.0/16", "10.1.0.0/16"], ipv6: [String] = []) throws -> NodeFacts {
    NodeFacts(
        instanceID: try InstanceID("i-0123456789abcdef0"),
        region: try Region("eu-central-1"),
        partition: "aws",
        servicesDomain: try DomainName("amazonaws.com"),
        availabilityZone: "eu-central-1a",
        vpcID: "vpc-0123456789abcdef0",
        subnetID: "subnet-1",
        mac: "0e:49:61:0f:c3:11",
        privateAddress: try IPAddress("10.0.1.10"),
        publicAddress: nil,
        ipv6Addresses: try ipv6.map { try IPAddress($0) },
        vpcNetworks: try networks.map { try IPNetwork($0) },
        subnetNetwork: try IPNetwork("10.0.1.0/24"),
        tags: [:],
        tagSource: .metadata,
        operatingSystem: OperatingSystem(id: "amzn", idLike: [], versionID: "2023", prettyName: "Amazon Linux 2023")
    )
}

func exampleSettings(_ change: (inout NodeSettings) throws -> Void = { _ in }) throws -> NodeSettings {
    var settings = NodeSettings(
        mail: NodeSettings.Mail(domain: try DomainName("example.com")),
        health: NodeSettings.Health(),
        loadBalancer: NodeSettings.LoadBalancer(),
        metadata: NodeSettings.Metadata(),
        packages: NodeSettings.Packages()
    )
    try change(&settings)
    return settings
}

struct RelayNodeTests {
    private func parameter(_ name: String, of node: RelayNode) -> String? {
        node.postfix.parameters.first { $0.name == name }?.value
    }

    @Test func postfixRelaysForLoopbackAndTheVPC() throws {
        let node = try RelayNode(settings: exampleSettings(), facts: exampleFacts())
        #expect(parameter("mynetworks", of: node) == "127.0.0.0/8 10.0.0.0/16 10.1.0.0/16")
        #expect(parameter("mydomain", of: node) == "example.com")
        #expect(parameter("myhostname", of: node) == "ip-10-0-1-10.example.com")
        #expect(parameter("mydestination", of: node) == "$myhostname, localhost.$mydomain, localhost")
        #expect(parameter("inet_interfaces", of: node) == "all")
        #expect(parameter("inet_protocols", of: node) == "ipv4")
        for list in ["smtpd_relay_restrictions", "smtpd_recipient_restrictions"] {
            #expect(parameter(list, of: node) == "permit_mynetworks, reject_unauth_destination")
        }
        #expect(parameter("disable_vrfy_command", of: node) == "yes")
        #expect(parameter("smtpd_banner", of: node) == "$myhostname ESMTP")
    }

    @Test func settingsAreTakenUp() throws {
        let settings = try exampleSettings {
            $0.mail.hostname = try DomainName("relay.example.com")
            $0.mail.destinations = [try DomainName("bounce.example.com")]
            $0.mail.networks = [.subnet, .network(try IPNetwork("192.168.7.0/24")), .subnet]
        }
        let node = try RelayNode(settings: settings, facts: exampleFacts())
        #expect(parameter("myhostname", of: node) == "relay.example.com")
        #expect(parameter("mydestination", of: node)?.hasSuffix(", bounce.example.com") == true)
        #expect(parameter("mynetworks", of: node) == "127.0.0.0/8 10.0.1.0/24 192.168.7.0/24")
    }

    @Test func ipv6ComesWithAnIPv6Address() throws {
        let facts = try exampleFacts(networks: ["10.0.0.0/16", "2001:db8:1::/56"], ipv6: ["2001:db8:1::10"])
        let node = try RelayNode(settings: exampleSettings(), facts: facts)
        #expect(parameter("mynetworks", of: node) == "127.0.0.0/8 [::1]/128 10.0.0.0/16 [2001:db8:1::]/56")
        #expect(parameter("inet_protocols", of: node) == "all")
        #expect(node.nginx.text.contains("listen [::]:80 default_server;"))
        let without = try RelayNode(
            settings: exampleSettings(),
            facts: exampleFacts(networks: ["10.0.0.0/16", "2001:db8:1::/56"])
        )
        #expect(parameter("mynetworks", of: without) == "127.0.0.0/8 10.0.0.0/16")
    }

    @Test(arguments: ["0.0.0.0/0", "::/0", "203.0.0.0/16", "2001:db8::/32", "10.0.0.0/7"])
    func wideNetworksAreRefused(text: String) throws {
        let settings = try exampleSettings { $0.mail.networks = [.vpc, .network(try IPNetwork(text))] }
        #expect {
            try RelayNode(settings: settings, facts: exampleFacts(ipv6: ["2001:db8::1"]))
        } throws: { error in
            "\(error)".contains(text) && "\(error)".contains("mail.networks")
        }
    }

    @Test func aNamedPublicRangeIsAllowedButNeverEveryone() throws {
        let wide = try IPNetwork("203.0.0.0/16")
        let everyone = try IPNetwork("0.0.0.0/0")
        let named = try exampleSettings {
            $0.mail.networks = [.network(wide)]
            $0.mail.allowPublicNetworks = [wide]
        }
        #expect(
            parameter("mynetworks", of: try RelayNode(settings: named, facts: exampleFacts()))?.contains("203.0.0.0/16")
                == true
        )
        let open = try exampleSettings {
            $0.mail.networks = [.network(everyone)]
            $0.mail.allowPublicNetworks = [everyone]
        }
        #expect(throws: RefusedNetworks.self) { try RelayNode(settings: open, facts: exampleFacts()) }
    }

    @Test func theSelfTestTriesEachNetworkAndItsNeighbours() throws {
        let test = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).selfTest
        #expect(test.insiders.map(\.description) == ["127.0.0.1", "10.0.0.1", "10.1.0.1"])
        let outsiders = test.outsiders.map(\.description)
        #expect(outsiders.contains("192.0.2.25"))
        #expect(outsiders.contains("9.255.255.255"))
        #expect(outsiders.contains("10.2.0.0"))
        #expect(!outsiders.contains("10.1.0.0"))
    }

    @Test func masterCfGetsTheSelfTestsListener() throws {
        let postfix = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        let text = try postfix.masterCf(from: "smtp inet n - n - - smtpd\n")
        let entries = MasterCf(text).entries
        #expect(entries.map(\.service) == ["smtp", "127.0.0.1:10025"])
        #expect(entries.last?.overrides.contains { $0 == ("smtpd_authorized_xclient_hosts", "127.0.0.0/8") } == true)
        #expect(try postfix.masterCf(from: text) == text)
        #expect(MasterCf(try postfix.masterCf(from: "")).entries.contains { $0.service == "smtp" })
    }

    @Test(arguments: ["smtp", "25", "10.0.1.10:smtp", "0.0.0.0:25"])
    func aPolicyBehindMainCfsBackIsAnError(service: String) throws {
        let postfix = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        #expect(throws: RelayPolicyOverridden.self) {
            try postfix.masterCf(from: "\(service) inet n - n - - smtpd\n  -o mynetworks=0.0.0.0/0\n")
        }
    }

    @Test(arguments: ["-o { mynetworks = 0.0.0.0/0 }", "-o {mynetworks=0.0.0.0/0}", "-vo mynetworks=0.0.0.0/0"])
    func norIsAPolicyHiddenInAnotherWayToWriteAnOption(option: String) throws {
        let postfix = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        let refusal = #expect(throws: RelayPolicyOverridden.self) {
            try postfix.masterCf(from: "smtp inet n - n - - smtpd \(option)\n")
        }
        #expect(refusal?.parameter == "mynetworks")
        #expect(refusal?.value == "0.0.0.0/0")
    }

    @Test func listenersNeedARestartAndTheRestAReload() {
        let main = "inet_interfaces = all\nmynetworks = 127.0.0.0/8\n"
        #expect(PostfixConfiguration.action(from: main, to: main) == .none)
        #expect(PostfixConfiguration.action(from: main, to: main + "biff = no\n") == .reload)
        #expect(PostfixConfiguration.action(from: main, to: main.replacing("all", with: "localhost")) == .restart)
        #expect(PostfixConfiguration.action(from: main, to: main + "inet_protocols = ipv4\n") == .restart)
        #expect(NginxConfiguration.action(from: "listen 80;\n", to: "listen 80;\ngzip off;\n") == .reload)
        #expect(NginxConfiguration.action(from: "listen 80;\n", to: "listen 8080;\n") == .restart)
    }

    @Test func nginxServesTheHealthCheckToTheVPCAndNothingElse() throws {
        let settings = try exampleSettings { $0.health = NodeSettings.Health(port: 8080, path: try HealthPath("/up")) }
        let text = try RelayNode(settings: settings, facts: exampleFacts()).nginx.text
        #expect(text.contains("listen 8080 default_server;"))
        #expect(text.contains("location = /up {"))
        #expect(
            text.contains(
                "allow 127.0.0.0/8;\n            allow 10.0.0.0/16;\n            allow 10.1.0.0/16;\n            deny all;"
            )
        )
        #expect(text.contains("access_log off;"))
        #expect(text.contains("return 404;"))
    }

    @Test func nginxShowsTheMetricsToWhomTheHealthCheckIsShown() throws {
        let text = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).nginx.text
        let locations = text.split(separator: "location = ").dropFirst().map { part in
            part.split(separator: "\n").map { $0.drop(while: \.isWhitespace) }.filter {
                $0.hasPrefix("allow ") || $0.hasPrefix("deny ")
            }
        }
        #expect(locations.count == 2)
        #expect(locations[0] == locations[1] && locations[0].last == "deny all;")
        #expect(text.contains("location = /metrics {"))
        #expect(text.contains("alias /run/smtp-relay-agent/metrics;"))
    }
}
