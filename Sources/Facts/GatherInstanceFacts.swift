import AWS
package import Host
package import Vocabulary

extension InstanceFacts {
    /// Reads everything about this instance, each value parsed at the door.
    ///
    /// - Parameters:
    ///   - describeTags: `ec2:DescribeTags`, for instances whose metadata has no tags.
    ///   - notice: Is told, once, where the tags come from when it is not metadata.
    /// - Throws: `MetadataFailure`.
    package static func gather(
        from metadata: MetadataReader,
        files: FileSystem,
        describeTags: (InstanceID, Region, DomainName) async throws -> [String: String],
        notice: (String) -> Void
    ) async throws -> InstanceFacts {
        let reader = FactReader(metadata: metadata)
        let instanceID = try await reader.value("instance-id", InstanceID.init)
        let region = try await reader.value("placement/region", Region.init)
        let servicesDomain = try await reader.value("services/domain", DomainName.init)
        let mac = try await reader.value("mac", hardwareAddress)
        let interface = "network/interfaces/macs/\(mac)"
        let ipv4 = try await reader.list("\(interface)/vpc-ipv4-cidr-blocks", IPNetwork.init, isOptional: false)
        let ipv6 = try await reader.list("\(interface)/vpc-ipv6-cidr-blocks", IPNetwork.init, isOptional: true)
        var facts = InstanceFacts(
            instanceID: instanceID,
            region: region,
            partition: try await reader.value("services/partition", plainWord),
            servicesDomain: servicesDomain,
            availabilityZone: try await reader.value("placement/availability-zone", plainWord),
            vpcID: try await reader.value("\(interface)/vpc-id", plainWord),
            subnetID: try await reader.value("\(interface)/subnet-id", plainWord),
            mac: mac,
            privateAddress: try await reader.value("local-ipv4", IPAddress.init),
            publicAddress: try await reader.list("public-ipv4", IPAddress.init, isOptional: true).first,
            ipv6Addresses: try await reader.list("\(interface)/ipv6s", IPAddress.init, isOptional: true),
            vpcNetworks: ipv4 + ipv6,
            subnetNetwork: try await reader.value("\(interface)/subnet-ipv4-cidr-block", IPNetwork.init),
            tags: [:],
            tagSource: .unavailable,
            operatingSystem: OperatingSystem(files: files)
        )
        if let tags = try await reader.tags() {
            facts.tags = tags
            facts.tagSource = .metadata
            return facts
        }
        do {
            facts.tags = try await describeTags(instanceID, region, servicesDomain)
            facts.tagSource = .api
            notice("instance metadata has no tags (they are not enabled there): read by ec2:DescribeTags")
        } catch {
            notice(
                """
                no instance tags: metadata does not have them, and ec2:DescribeTags failed; settings in tags are \
                ignored (enable them: aws ec2 modify-instance-metadata-options --instance-id \(instanceID) \
                --instance-metadata-tags enabled)\n\(error)
                """
            )
        }
        return facts
    }

    /// Reads again what can change while the instance runs: the VPC's ranges, the public address, and the tags.
    ///
    /// - Throws: `MetadataFailure`.
    package func refreshed(from metadata: MetadataReader) async throws -> InstanceFacts {
        let reader = FactReader(metadata: metadata)
        let interface = "network/interfaces/macs/\(mac)"
        var facts = self
        facts.vpcNetworks =
            try await reader.list("\(interface)/vpc-ipv4-cidr-blocks", IPNetwork.init, isOptional: false)
            + reader.list("\(interface)/vpc-ipv6-cidr-blocks", IPNetwork.init, isOptional: true)
        facts.publicAddress = try await reader.list("public-ipv4", IPAddress.init, isOptional: true).first
        switch tagSource {
        case .metadata: facts.tags = try await reader.tags() ?? tags
        // Each question costs a call of the account's API, and tags change rarely: what was read at the start counts.
        case .api, .unavailable: break
        }
        return facts
    }

    private static func hardwareAddress(_ text: String) throws(InvalidValue) -> String {
        let bytes = text.split(separator: ":", omittingEmptySubsequences: false)
        guard bytes.count == 6, bytes.allSatisfy({ $0.utf8.count == 2 && UInt8($0, radix: 16) != nil }) else {
            throw InvalidValue(text, expected: "a hardware address, such as 0e:49:61:0f:c3:11")
        }
        return text
    }

    private static func plainWord(_ text: String) throws(InvalidValue) -> String {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(\.isLetterDigitOrHyphen) else {
            throw InvalidValue(text, expected: "a word of letters, digits and hyphens")
        }
        return text
    }
}

/// Reads values of metadata and parses them.
private struct FactReader {
    let metadata: MetadataReader

    func value<Value>(_ path: String, _ parse: (String) throws(InvalidValue) -> Value) async throws -> Value {
        try await parsed(try await metadata.required(path), path, parse)
    }

    /// A value of one item a line.
    func list<Value>(
        _ path: String,
        _ parse: (String) throws(InvalidValue) -> Value,
        isOptional: Bool
    ) async throws -> [Value] {
        let text = isOptional ? try await metadata.optional(path) : try await metadata.required(path)
        var values: [Value] = []
        for line in (text ?? "").split(whereSeparator: \.isNewline) {
            values.append(try await parsed(String(line), path, parse))
        }
        if values.isEmpty, !isOptional {
            throw metadata.failure(path, .badValue(InvalidValue("", expected: "a list of at least one value")))
        }
        return values
    }

    /// The instance's tags; `nil` where metadata does not offer them.
    func tags() async throws -> [String: String]? {
        guard let listing = try await metadata.optional("tags/instance") else { return nil }
        var tags: [String: String] = [:]
        for key in listing.split(whereSeparator: \.isNewline).map(String.init) {
            // A tag can go between the listing and the look.
            if let value = try await metadata.optional("tags/instance/\(key)") { tags[key] = value }
        }
        return tags
    }

    private func parsed<Value>(
        _ text: String,
        _ path: String,
        _ parse: (String) throws(InvalidValue) -> Value
    ) async throws -> Value {
        do throws(InvalidValue) {
            return try parse(text)
        } catch {
            throw metadata.failure(path, .badValue(error))
        }
    }
}
