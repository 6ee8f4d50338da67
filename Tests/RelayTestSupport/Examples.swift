package import Vocabulary

/// Facts of an instance in a VPC of two IPv4 ranges.
package func exampleFacts(
    networks: [String] = ["10.0.0.0/16", "10.1.0.0/16"],
    ipv6: [String] = []
) throws -> InstanceFacts {
    InstanceFacts(
        instanceID: try InstanceID("i-0123456789abcdef0"),
        region: try Region("eu-central-1"),
        partition: "aws",
        servicesDomain: try DomainName("amazonaws.com"),
        availabilityZone: "eu-central-1a",
        vpcID: "vpc-0123456789abcdef0",
        subnetID: "subnet-1",
        mac: "0e:49:61:0f:c3:11",
        privateAddress: try IPAddress("10.0.1.10"),
        publicAddress: nil,
        ipv6Addresses: try ipv6.map { try IPAddress($0) },
        vpcNetworks: try networks.map { try IPNetwork($0) },
        subnetNetwork: try IPNetwork("10.0.1.0/24"),
        tags: [:],
        tagSource: .metadata,
        operatingSystem: OperatingSystem(id: "amzn", idLike: [], versionID: "2023", prettyName: "Amazon Linux 2023")
    )
}

/// Settings with a mail domain, and every default.
package func exampleSettings(_ change: (inout NodeSettings) throws -> Void = { _ in }) throws -> NodeSettings {
    var settings = NodeSettings(
        mail: NodeSettings.Mail(domain: try DomainName("example.com")),
        health: NodeSettings.Health(),
        loadBalancer: NodeSettings.LoadBalancer(),
        metadata: NodeSettings.Metadata(),
        packages: NodeSettings.Packages()
    )
    try change(&settings)
    return settings
}
