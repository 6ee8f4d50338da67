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
        ).url
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
}
