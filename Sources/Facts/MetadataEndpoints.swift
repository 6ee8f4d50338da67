import HTTP
import Vocabulary

extension MetadataClient {
    /// Where the metadata service may be, in the order in which to try, without a final slash
    /// (AWS SDKs and Tools Reference, "IMDS credential provider").
    ///
    /// - Throws: `MetadataFailure.Reason` for a variable that names no place.
    static func endpoints(_ environment: [String: String]) throws(MetadataFailure.Reason) -> [String] {
        let named = environment[endpointVariable] ?? ""
        guard named.isEmpty else {
            guard URLParts(named) != nil else { throw unusable(endpointVariable, named, "http://[fd00:ec2::254]") }
            return [named.hasSuffix("/") ? String(named.dropLast()) : named]
        }
        let (ipv4, ipv6) = ("http://169.254.169.254", "http://[fd00:ec2::254]")
        let mode = environment[modeVariable] ?? ""
        switch mode.lowercased() {
        case "ipv4": return [ipv4]
        case "ipv6": return [ipv6]
        case "": return [ipv4, ipv6]
        default: throw unusable(modeVariable, mode, "IPv4 or IPv6")
        }
    }

    private static let endpointVariable = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
    private static let modeVariable = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"

    private static func unusable(_ variable: String, _ value: String, _ example: String) -> MetadataFailure.Reason {
        .unusableVariable("environment \(variable): '\(value.escapedForDisplay)' is of no use here, unlike \(example)")
    }
}
