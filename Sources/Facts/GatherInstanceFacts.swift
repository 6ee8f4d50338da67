import AWS
package import Host
package import Vocabulary

extension InstanceFacts {
    /// Reads everything about this instance, each value parsed at the door.
    ///
    /// - Parameters:
    ///   - describeTags: `ec2:DescribeTags`, for instances whose metadata has no tags.
    ///   - notice: Is told, once, where the tags come from when it is not metadata.
    /// - Throws: `MetadataFailure`, or `TagsUnread`.
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
        let privateAddress = try await reader.privateAddress(of: interface)
        var facts = InstanceFacts(
            instanceID: instanceID,
            region: region,
            partition: try await reader.value("services/partition", plainWord),
            servicesDomain: servicesDomain,
            availabilityZone: try await reader.value("placement/availability-zone", plainWord),
            vpcID: try await reader.value("\(interface)/vpc-id", plainWord),
            subnetID: try await reader.value("\(interface)/subnet-id", plainWord),
            mac: mac,
            privateAddress: privateAddress,
            publicAddress: try await reader.publicAddress(),
            ipv6Addresses: try await reader.ipv6Addresses(of: interface),
            vpcNetworks: try await reader.vpcNetworks(of: interface),
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
            if let tags = try await Self.permitted({ try await describeTags(instanceID, region, servicesDomain) }) {
                facts.tags = tags
                facts.tagSource = .api
                notice("instance metadata has no tags (they are not enabled there): read by ec2:DescribeTags")
            } else {
                notice(
                    """
                    no instance tags: metadata does not have them, and the role may not call ec2:DescribeTags; settings in \
                    tags are ignored (\(Self.howToEnableTags(of: instanceID)))
                    """
                )
            }
        } catch {
            throw TagsUnread(facts: facts, cause: error)
        }
        return facts
    }

    /// Reads again what can change while the instance runs: its addresses, the VPC's ranges, and the tags. Region, network
    /// and interface stay as they are until the instance ends.
    ///
    /// - Parameter describeTags: `ec2:DescribeTags`; `nil` where it is not time to ask again.
    /// - Throws: `MetadataFailure`, or `TagsUnread`.
    package func refreshed(
        from metadata: MetadataReader,
        describeTags: (() async throws -> [String: String])?
    ) async throws -> InstanceFacts {
        let reader = FactReader(metadata: metadata)
        let interface = "network/interfaces/macs/\(mac)"
        var facts = self
        facts.privateAddress = try await reader.privateAddress(of: interface)
        facts.publicAddress = try await reader.publicAddress()
        facts.ipv6Addresses = try await reader.ipv6Addresses(of: interface)
        facts.vpcNetworks = try await reader.vpcNetworks(of: interface)
        // They may have been enabled meanwhile.
        if let tags = try await reader.tags() {
            facts.tags = tags
            facts.tagSource = .metadata
            return facts
        }
        guard let describeTags else { return facts }
        do {
            // A permission that is gone leaves the tags as they were read last.
            guard let tags = try await Self.permitted(describeTags) else { return facts }
            facts.tags = tags
            facts.tagSource = .api
        } catch {
            throw TagsUnread(facts: facts, cause: error)
        }
        return facts
    }

    /// The tags by the API; `nil` where the role may not ask for them. Every other failure may pass, and without its tags the
    /// node would go by other settings.
    private static func permitted(_ describeTags: () async throws -> [String: String]) async throws -> [String: String]?
    {
        do {
            return try await describeTags()
        } catch let failure as AWSFailure where failure.error?.isAccessDenied == true {
            return nil
        }
    }

    /// The cure of tags that can't be read.
    static func howToEnableTags(of instance: InstanceID) -> String {
        """
        to have them in metadata: aws ec2 modify-instance-metadata-options --instance-id \(instance) \
        --instance-metadata-tags enabled
        """
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

    /// - Throws: `MetadataFailure`, at once where the subnet has no IPv4 address to give: then 404 is the last word.
    func privateAddress(of interface: String) async throws -> IPAddress {
        let path = "local-ipv4"
        if let text = try await metadata.optional(path) { return try await parsed(text, path, IPAddress.init) }
        if try await metadata.optional("\(interface)/subnet-ipv4-cidr-block") == nil,
            try await metadata.optional("\(interface)/subnet-ipv6-cidr-blocks") != nil
        {
            throw metadata.failure(path, .onlyIPv6)
        }
        return try await value(path, IPAddress.init)
    }

    func publicAddress() async throws -> IPAddress? {
        try await list("public-ipv4", IPAddress.init, isOptional: true).first
    }

    func ipv6Addresses(of interface: String) async throws -> [IPAddress] {
        try await list("\(interface)/ipv6s", IPAddress.init, isOptional: true)
    }

    /// The IPv4 ranges, then the IPv6 ones.
    func vpcNetworks(of interface: String) async throws -> [IPNetwork] {
        try await list("\(interface)/vpc-ipv4-cidr-blocks", IPNetwork.init, isOptional: false)
            + list("\(interface)/vpc-ipv6-cidr-blocks", IPNetwork.init, isOptional: true)
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

/// The instance's tags can't be read now, so its settings are not known.
package struct TagsUnread: Error, CustomStringConvertible {
    /// The facts without what could not be read.
    package let facts: InstanceFacts
    let cause: any Error

    /// The facts with tags that are known from elsewhere.
    package func facts(tags: [String: String]) -> InstanceFacts {
        var facts = facts
        facts.tags = tags
        return facts
    }

    package var description: String {
        """
        the instance's tags, which may have settings, can't be read: metadata does not have them \
        (\(InstanceFacts.howToEnableTags(of: facts.instanceID))), and \(cause)
        """
    }
}
