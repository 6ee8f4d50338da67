import Vocabulary

/// The kind of endpoint that the environment asks for (AWS SDKs and Tools Reference, "Dual-stack and FIPS endpoints").
///
/// The names follow the rule sets of the SDKs (`endpoint-rule-set-1.json` of each service, and `partitions.json`).
package struct EndpointKind: Sendable, Equatable {
    /// Whether the endpoint's cryptography is validated by FIPS 140.
    package let isFIPS: Bool
    /// Whether the endpoint has IPv6 addresses, too.
    package let isDualStack: Bool

    static let fipsVariable = "AWS_USE_FIPS_ENDPOINT"
    static let dualStackVariable = "AWS_USE_DUALSTACK_ENDPOINT"

    /// - Throws: `EndpointFailure` for a value that is neither `true` nor `false`: a misspelt `true` must not lead to an
    ///   endpoint that was forbidden.
    init(_ environment: [String: String]) throws(EndpointFailure) {
        self.isFIPS = try Self.flag(Self.fipsVariable, environment)
        self.isDualStack = try Self.flag(Self.dualStackVariable, environment)
    }

    /// The variables that chose this kind.
    var variables: [String] {
        (isFIPS ? [Self.fipsVariable] : []) + (isDualStack ? [Self.dualStackVariable] : [])
    }

    /// The name of a service's host in a region.
    ///
    /// - Parameters:
    ///   - service: The service's name in host names.
    ///   - domain: `services/domain` of instance metadata.
    /// - Throws: `EndpointFailure` where nobody knows the dual-stack names of the domain.
    func host(_ service: String, _ region: Region, _ domain: DomainName) throws(EndpointFailure) -> String {
        if service == "s3" { return try s3(region, domain) }
        guard isDualStack else {
            // The standard endpoints of GovCloud are the FIPS ones.
            let isNamed = isFIPS && !region.description.hasPrefix("us-gov-")
            return "\(service)\(isNamed ? "-fips" : "").\(region).\(domain)"
        }
        guard let dualStack = Self.dualStackDomains[domain.description] else {
            throw EndpointFailure(
                variables: [Self.dualStackVariable],
                reason: """
                    no dual-stack endpoints are known for services at '\(domain)'; unset it, or name the endpoint by \
                    AWS_ENDPOINT_URL
                    """
            )
        }
        // CloudWatch has no other dual-stack endpoint in GovCloud.
        let isNamed = isFIPS && !(service == "monitoring" && region.description.hasPrefix("us-gov-"))
        return "\(service)\(isNamed ? "-fips" : "").\(region).\(dualStack)"
    }

    /// S3 had dual-stack endpoints before all others, and names them its own way.
    private func s3(_ region: Region, _ domain: DomainName) throws(EndpointFailure) -> String {
        if isFIPS, domain.description == "amazonaws.com.cn" {
            let reason = "S3 has no FIPS endpoints in China; unset it, or take the settings from SSM"
            throw EndpointFailure(variables: [Self.fipsVariable], reason: reason)
        }
        return "s3\(isFIPS ? "-fips" : "")\(isDualStack ? ".dualstack" : "").\(region).\(domain)"
    }

    private static func flag(_ name: String, _ environment: [String: String]) throws(EndpointFailure) -> Bool {
        switch environment[name]?.lowercased() ?? "" {
        case "true": return true
        case "false", "": return false
        default:
            let given = environment[name, default: ""].escapedForDisplay
            throw EndpointFailure(variables: [name], reason: "'\(given)' is neither true nor false; set one of them")
        }
    }

    /// The domain of the dual-stack endpoints, by the domain of the others: `dualStackDnsSuffix` of each partition.
    private static let dualStackDomains = [
        "amazonaws.com": "api.aws",
        "amazonaws.com.cn": "api.amazonwebservices.com.cn",
        "amazonaws.eu": "api.amazonwebservices.eu",
        "c2s.ic.gov": "api.aws.ic.gov",
        "sc2s.sgov.gov": "api.aws.scloud",
        "cloud.adc-e.uk": "api.cloud-aws.adc-e.uk",
        "csp.hci.ic.gov": "api.aws.hci.ic.gov",
    ]
}

/// Variables of the environment that lead to no endpoint.
package struct EndpointFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let variables: [String]
    package let reason: String

    package var description: String { "environment \(variables.joined(separator: ", ")): \(reason)" }
}
