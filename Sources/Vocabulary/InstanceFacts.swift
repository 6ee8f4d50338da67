/// The facts of this instance, gathered from instance metadata, the EC2 API and the operating system.
///
/// `smtp-relay-agent facts` prints it as JSON, and `plan --facts` reads it back.
package struct InstanceFacts: Sendable, Equatable, Codable {
    package var instanceID: InstanceID
    package var region: Region
    /// `aws`, `aws-cn`, `aws-us-gov`: from `services/partition`.
    package var partition: String
    /// The domain of the region's API endpoints, such as `amazonaws.com`: from `services/domain`.
    package var servicesDomain: DomainName
    package var availabilityZone: String
    package var vpcID: String
    package var subnetID: String
    /// The primary interface's hardware address.
    package var mac: String
    package var privateAddress: IPAddress
    package var publicAddress: IPAddress?
    /// The name that DNS has for the public address (PTR), where that name leads back to it.
    package var publicName: DomainName?
    /// The primary interface's IPv6 addresses.
    package var ipv6Addresses: [IPAddress]
    /// All ranges of the VPC: the primary and secondary IPv4 ones, then the IPv6 ones.
    package var vpcNetworks: [IPNetwork]
    /// The subnet's IPv4 range.
    package var subnetNetwork: IPNetwork
    package var tags: [String: String]
    package var tagSource: TagSource
    package var operatingSystem: OperatingSystem

    /// The source of the instance's tags.
    package enum TagSource: String, Sendable, Equatable, Codable {
        /// `tags/instance/` of instance metadata.
        case metadata
        /// `ec2:DescribeTags`, since metadata does not offer tags on this instance.
        case api
        /// Neither source answered; the reason was logged.
        case unavailable
    }

    package init(
        instanceID: InstanceID,
        region: Region,
        partition: String,
        servicesDomain: DomainName,
        availabilityZone: String,
        vpcID: String,
        subnetID: String,
        mac: String,
        privateAddress: IPAddress,
        publicAddress: IPAddress?,
        ipv6Addresses: [IPAddress],
        vpcNetworks: [IPNetwork],
        subnetNetwork: IPNetwork,
        tags: [String: String],
        tagSource: TagSource,
        operatingSystem: OperatingSystem
    ) {
        self.instanceID = instanceID
        self.region = region
        self.partition = partition
        self.servicesDomain = servicesDomain
        self.availabilityZone = availabilityZone
        self.vpcID = vpcID
        self.subnetID = subnetID
        self.mac = mac
        self.privateAddress = privateAddress
        self.publicAddress = publicAddress
        self.ipv6Addresses = ipv6Addresses
        self.vpcNetworks = vpcNetworks
        self.subnetNetwork = subnetNetwork
        self.tags = tags
        self.tagSource = tagSource
        self.operatingSystem = operatingSystem
    }
}

/// The operating system's names for itself, from os-release(5).
package struct OperatingSystem: Sendable, Equatable, Codable {
    /// `ID`, such as `amzn`, `centos`, `rocky`.
    package var id: String
    /// `ID_LIKE`, nearest relative first.
    package var idLike: [String]
    /// `VERSION_ID`, such as `2023` or `9.4`; empty where the system has none.
    package var versionID: String
    /// `PRETTY_NAME`, for people.
    package var prettyName: String

    package init(id: String, idLike: [String], versionID: String, prettyName: String) {
        self.id = id
        self.idLike = idLike
        self.versionID = versionID
        self.prettyName = prettyName
    }
}
