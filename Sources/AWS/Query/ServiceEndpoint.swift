package import Vocabulary

/// An AWS service that speaks the query protocol or the JSON one, and where it does.
package struct ServiceEndpoint: Sendable, Equatable {
    /// A service's names and its API's version.
    package struct Service: Sendable, Equatable {
        /// The name in signatures, IAM actions and host names.
        let name: String
        let version: String
        /// The name in `AWS_ENDPOINT_URL_...`: the service's id in the SDKs, in capitals.
        let variable: String

        package static let elasticLoadBalancing = Service(
            name: "elasticloadbalancing",
            version: "2012-06-01",
            variable: "ELASTIC_LOAD_BALANCING"
        )
        /// The second generation: the same hosts, another version.
        package static let elasticLoadBalancingV2 = Service(
            name: "elasticloadbalancing",
            version: "2015-12-01",
            variable: "ELASTIC_LOAD_BALANCING_V2"
        )
        package static let ec2 = Service(name: "ec2", version: "2016-11-15", variable: "EC2")
        package static let ssm = Service(name: "ssm", version: "2014-11-06", variable: "SSM")
    }

    package let service: Service
    package let region: Region
    package let url: String

    /// - Parameters:
    ///   - domain: `services/domain` of instance metadata: `amazonaws.com`, in China `amazonaws.com.cn`.
    ///   - environment: `AWS_ENDPOINT_URL_<SERVICE>` and `AWS_ENDPOINT_URL` name another place, unless
    ///     `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true` (AWS SDKs and Tools Reference, "Service-specific endpoints").
    package init(_ service: Service, region: Region, domain: DomainName, environment: [String: String]) {
        self.service = service
        self.region = region
        let isIgnored = environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() == "true"
        let named = ["AWS_ENDPOINT_URL_\(service.variable)", "AWS_ENDPOINT_URL"]
            .compactMap { environment[$0] }.first { !$0.isEmpty }
        if let named, !isIgnored {
            self.url = named.hasSuffix("/") ? named : named + "/"
        } else {
            self.url = "https://\(service.name).\(region).\(domain)/"
        }
    }
}
