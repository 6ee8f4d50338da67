package import AWS
package import Facts
package import HTTP
package import Host
import RelayNode
package import Settings
package import Vocabulary

/// Gathers what the node is made of: facts and settings, in the order in which each needs the other.
package struct Inputs: Sendable {
    private let sources: SettingsSources
    private let aws: AWSAccess
    private let files: FileSystem
    private let log: StepLog

    package init(sources: SettingsSources, aws: AWSAccess, files: FileSystem, log: StepLog) {
        self.sources = sources
        self.aws = aws
        self.files = files
        self.log = log
    }

    /// The facts of this instance.
    ///
    /// - Throws: `SettingsProblems` where the settings do not say how to read metadata, or a `MetadataFailure`.
    package func facts() async throws -> NodeFacts {
        // What can be known to be wrong before the tags are read is told now, all at once.
        let problems = sources.check(tags: nil)
        guard problems.isEmpty else { throw SettingsProblems(problems: problems) }
        let metadata = aws.metadata(try sources.metadataSettings()) { log.notice("facts", $0) }
        return try await NodeFacts.gather(
            from: metadata,
            files: files,
            describeTags: { instance, region, domain in
                try await aws.ec2(region: region, domain: domain, metadata: metadata).tags(of: instance)
            },
            notice: { log.notice("facts", $0) }
        )
    }

    /// The settings in force, the instance's tags among them.
    package func settings(tags: [String: String]) throws(SettingsProblems) -> ResolvedSettings {
        try sources.resolve(tags: tags)
    }
}

/// The ways to AWS: metadata and APIs, over one transport.
package struct AWSAccess: Sendable {
    private let environment: [String: String]
    private let transport: any HTTPTransport

    package init(environment: [String: String], transport: any HTTPTransport) {
        self.environment = environment
        self.transport = transport
    }

    package func metadata(
        _ settings: NodeSettings.Metadata,
        onWait: @escaping @Sendable (String) -> Void = { _ in }
    ) -> MetadataClient {
        MetadataClient(transport: transport, environment: environment, settings: settings, onWait: onWait)
    }

    package func ec2(region: Region, domain: DomainName, metadata: MetadataClient) -> any EC2Describing {
        EC2Client(client(.ec2, region: region, domain: domain, metadata: metadata))
    }

    package func elb(region: Region, domain: DomainName, metadata: MetadataClient) -> any ClassicLoadBalancing {
        ClassicLoadBalancingClient(client(.elasticLoadBalancing, region: region, domain: domain, metadata: metadata))
    }

    private func client(
        _ service: ServiceEndpoint.Service,
        region: Region,
        domain: DomainName,
        metadata: MetadataClient
    ) -> QueryClient {
        let credentials: any CredentialSource =
            EnvironmentCredentials(environment) ?? InstanceRoleCredentials(reader: metadata)
        let endpoint = ServiceEndpoint(service, region: region, domain: domain, environment: environment)
        return QueryClient(endpoint, credentials: credentials, transport: transport)
    }
}
