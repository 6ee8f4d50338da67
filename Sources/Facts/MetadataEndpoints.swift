extension MetadataClient {
    /// Where the metadata service may be, in the order in which to try, without a final slash
    /// (AWS SDKs and Tools Reference, "IMDS credential provider").
    static func endpoints(_ environment: [String: String]) -> [String] {
        let named = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? ""
        guard named.isEmpty else { return [named.hasSuffix("/") ? String(named.dropLast()) : named] }
        let (ipv4, ipv6) = ("http://169.254.169.254", "http://[fd00:ec2::254]")
        switch environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() {
        case "ipv4": return [ipv4]
        case "ipv6": return [ipv6]
        default: return [ipv4, ipv6]
        }
    }
}
