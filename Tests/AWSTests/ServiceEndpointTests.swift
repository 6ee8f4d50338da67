import AWS
import Testing
import Vocabulary

@Suite struct ServiceEndpointTests {
    private func url(
        _ service: ServiceEndpoint.Service = .elasticLoadBalancing,
        region: String = "eu-central-1",
        domain: String = "amazonaws.com",
        _ environment: [String: String] = [:]
    ) throws -> String {
        try ServiceEndpoint(
            service,
            region: Region(region),
            domain: DomainName(domain),
            environment: environment
        ).url.get()
    }

    @Test func isMadeOfRegionAndDomain() throws {
        #expect(try url() == "https://elasticloadbalancing.eu-central-1.amazonaws.com/")
        // Both generations live at the same hosts.
        #expect(try url(.elasticLoadBalancingV2) == url(.elasticLoadBalancing))
        #expect(try url(.ec2) == "https://ec2.eu-central-1.amazonaws.com/")
        let china = try url(.ec2, region: "cn-north-1", domain: "amazonaws.com.cn")
        #expect(china == "https://ec2.cn-north-1.amazonaws.com.cn/")
    }

    @Test func isNamedByTheEnvironment() throws {
        let environment = [
            "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
            "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING": "https://elb.example.com/path/",
            "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": "https://elbv2.example.com",
        ]
        #expect(try url(.elasticLoadBalancing, environment) == "https://elb.example.com/path/")
        #expect(try url(.elasticLoadBalancingV2, environment) == "https://elbv2.example.com/")
        #expect(try url(.ec2, environment) == "http://127.0.0.1:5000/")
        #expect(try url(.ec2, ["AWS_ENDPOINT_URL_EC2": "http://ec2.example.com/"]) == "http://ec2.example.com/")
    }

    @Test func ignoresTheEnvironmentWhereItIsTold() throws {
        let environment = ["AWS_ENDPOINT_URL": "http://127.0.0.1:5000", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"]
        #expect(try url(.ec2, environment) == "https://ec2.eu-central-1.amazonaws.com/")
        #expect(try url(.ec2, ["AWS_ENDPOINT_URL": ""]) == "https://ec2.eu-central-1.amazonaws.com/")
    }

    @Test(arguments: BotocoreEndpoints.all)
    func isTheOneThatBotocoreNames(_ expected: BotocoreEndpoint) throws {
        let services: [String: ServiceEndpoint.Service] = [
            "autoscaling": .autoScaling, "cloudformation": .cloudFormation, "cloudwatch": .cloudWatch, "ec2": .ec2,
            "elb": .elasticLoadBalancing, "elbv2": .elasticLoadBalancingV2, "logs": .cloudWatchLogs, "s3": .s3,
            "ssm": .ssm,
        ]
        let service = try #require(services[expected.service])
        for (index, host) in expected.hosts.enumerated() {
            let (fips, dual) = ("\(index & 1 != 0)", "\(index & 2 != 0)")
            let environment = ["AWS_USE_FIPS_ENDPOINT": fips, "AWS_USE_DUALSTACK_ENDPOINT": dual]
            let found = try? url(service, region: expected.region, domain: expected.domain, environment)
            #expect(found == (host.isEmpty ? nil : "https://\(host)/"), "FIPS \(fips), dual-stack \(dual)")
        }
    }

    private func failure(_ environment: [String: String], domain: String = "amazonaws.com") -> String? {
        do {
            _ = try url(.ec2, domain: domain, environment)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
    func aChoiceIsTrueOrFalseAndNothingElse(variable: String) throws {
        #expect(try url(.ec2, [variable: "TRUE"]) != url(.ec2))
        for value in ["", "false", "False"] { #expect(try url(.ec2, [variable: value]) == url(.ec2)) }
        for value in ["yes", "1", "ture", "true "] {
            let text = try #require(failure([variable: value]))
            #expect(text.contains(variable) && text.contains("'\(value)' is neither true nor false"))
        }
    }

    @Test(arguments: ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2"])
    func aNamedEndpointIsNotTakenForOneOfAKind(variable: String) throws {
        for choice in ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"] {
            let text = try #require(failure([choice: "true", variable: "https://vpce.example.com"]))
            #expect(text.hasPrefix("environment \(choice), \(variable): "))
        }
        let ignored = ["AWS_USE_FIPS_ENDPOINT": "true", variable: "x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]
        #expect(try url(.ec2, ignored) == "https://ec2-fips.eu-central-1.amazonaws.com/")
    }

    @Test func aPartitionOfWhichNothingIsKnownHasNoDualStack() throws {
        let text = try #require(failure(["AWS_USE_DUALSTACK_ENDPOINT": "true"], domain: "example.org"))
        #expect(text.contains("no dual-stack endpoints are known for services at 'example.org'"))
        #expect(failure(["AWS_USE_FIPS_ENDPOINT": "true"], domain: "example.org") == nil)
    }
}
