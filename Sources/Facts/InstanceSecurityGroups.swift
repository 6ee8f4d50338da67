extension MetadataReader {
    /// The ids of the security groups of a network interface, which can change at any time.
    ///
    /// - Parameter mac: The interface's.
    package func securityGroups(of mac: String) async throws(MetadataFailure) -> [String] {
        let list = try await required("network/interfaces/macs/\(mac)/security-group-ids")
        return list.split(whereSeparator: \.isNewline).map(String.init)
    }
}
