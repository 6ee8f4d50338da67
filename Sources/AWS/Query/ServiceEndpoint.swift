package import Vocabulary

/// An AWS service that speaks the query protocol or the JSON one, and where it does.
package struct ServiceEndpoint: Sendable, Equatable {
    /// A service's names and its API's version.
    package struct Service: Sendable, Equatable {
        /// The name in signatures and host names.
        let name: String
        let version: String
        /// The name in `AWS_ENDPOINT_URL_...`: the service's id in the SDKs, in capitals.
        let variable: String
        /// The name in IAM actions.
        let actionPrefix: String

        init(name: String, version: String, variable: String, actionPrefix: String? = nil) {
            self.name = name
            self.version = version
            self.variable = variable
            self.actionPrefix = actionPrefix ?? name
        }

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
        package static let s3 = Service(name: "s3", version: "2006-03-01", variable: "S3")
        package static let ssm = Service(name: "ssm", version: "2014-11-06", variable: "SSM")
    }

    package let service: Service
    package let region: Region
    /// The address, with a final slash; or why there is none.
    package let url: Result<String, EndpointFailure>
    /// The variables that chose this endpoint among AWS's own.
    let variables: [String]

    /// - Parameters:
    ///   - domain: `services/domain` of instance metadata: `amazonaws.com`, in China `amazonaws.com.cn`.
    ///   - environment: `AWS_ENDPOINT_URL_<SERVICE>` and `AWS_ENDPOINT_URL` name another place, unless
    ///     `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true` (AWS SDKs and Tools Reference, "Service-specific endpoints").
    ///     `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` choose among AWS's own.
    package init(_ service: Service, region: Region, domain: DomainName, environment: [String: String]) {
        self.service = service
        self.region = region
        switch Self.kind(environment) {
        case .success(let kind):
            self.variables = kind.variables
            self.url = Self.url(service, region, domain, kind, environment)
        case .failure(let failure):
            self.variables = []
            self.url = .failure(failure)
        }
    }

    private static func kind(_ environment: [String: String]) -> Result<EndpointKind, EndpointFailure> {
        Result { () throws(EndpointFailure) in try EndpointKind(environment) }
    }

    private static func url(
        _ service: Service,
        _ region: Region,
        _ domain: DomainName,
        _ kind: EndpointKind,
        _ environment: [String: String]
    ) -> Result<String, EndpointFailure> {
        let isIgnored = environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() == "true"
        let variable = ["AWS_ENDPOINT_URL_\(service.variable)", "AWS_ENDPOINT_URL"]
            .first { environment[$0]?.isEmpty == false }
        guard let variable, let named = environment[variable], !isIgnored else {
            return Result { () throws(EndpointFailure) in "https://\(try kind.host(service.name, region, domain))/" }
        }
        guard kind.variables.isEmpty else {
            let failure = EndpointFailure(
                variables: kind.variables + [variable],
                reason: """
                    nothing shows that a named endpoint is of the kind that is asked for, so AWS's own tools refuse both \
                    together; unset one of them
                    """
            )
            return .failure(failure)
        }
        return .success(named.hasSuffix("/") ? named : named + "/")
    }
}
