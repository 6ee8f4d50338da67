package import AWS
import Doctor
package import Facts
package import HTTP
import Resources
import Synchronization
package import Vocabulary

/// The ways to AWS: metadata and APIs, over one transport, kept for as long as the program runs: a resident agent keeps
/// its token, its credentials and what it learnt of the server's clock.
package final class AWSAccess: Sendable {
    private let environment: [String: String]
    private let transport: any HTTPTransport
    private let onWait: @Sendable (String) -> Void
    /// Counts the calls of the APIs.
    package let tally = APITally()
    private let kept = Mutex(Kept())
    private let targetGroups = NetworkLoadBalancingClient.Memory()
    /// Whether this node may be in its load balancers, as far as was asked.
    let admissions = AdmissionMemory()

    private struct Kept {
        var metadata: (settings: NodeSettings.Metadata, client: MetadataClient)?
        var credentials: (any CredentialSource)?
        var clients: [String: QueryClient] = [:]
    }

    /// - Parameter onWait: Is told when metadata has to be waited for.
    package init(
        environment: [String: String],
        transport: any HTTPTransport,
        onWait: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.environment = environment
        self.transport = transport
        self.onWait = onWait
    }

    package func metadata(_ settings: NodeSettings.Metadata) -> MetadataClient {
        kept.withLock { kept in
            if let known = kept.metadata, known.settings == settings { return known.client }
            let client = MetadataClient(
                transport: transport,
                environment: environment,
                settings: settings,
                onWait: onWait
            )
            kept = Kept(metadata: (settings, client))
            return client
        }
    }

    package func ec2(region: Region, domain: DomainName, metadata: MetadataClient) -> any EC2Describing {
        EC2Client(client(.ec2, region: region, domain: domain, metadata: metadata))
    }

    package func elb(region: Region, domain: DomainName, metadata: MetadataClient) -> any ClassicLoadBalancing {
        ClassicLoadBalancingClient(client(.elasticLoadBalancing, region: region, domain: domain, metadata: metadata))
    }

    package func ssm(region: Region, domain: DomainName, metadata: MetadataClient) -> any ParameterReading {
        SSMClient(client(.ssm, region: region, domain: domain, metadata: metadata))
    }

    package func elbV2(region: Region, domain: DomainName, metadata: MetadataClient) -> any NetworkLoadBalancing {
        NetworkLoadBalancingClient(
            client(.elasticLoadBalancingV2, region: region, domain: domain, metadata: metadata),
            memory: targetGroups
        )
    }

    package func autoScaling(region: Region, domain: DomainName, metadata: MetadataClient) -> any AutoScaling {
        AutoScalingClient(client(.autoScaling, region: region, domain: domain, metadata: metadata))
    }

    package func cloudFormation(region: Region, domain: DomainName, metadata: MetadataClient) -> any CloudFormation {
        CloudFormationClient(client(.cloudFormation, region: region, domain: domain, metadata: metadata))
    }

    /// The APIs as the doctor reads them.
    func readings(region: Region, domain: DomainName, metadata: MetadataClient) -> CloudReadings {
        let v2 = client(.elasticLoadBalancingV2, region: region, domain: domain, metadata: metadata)
        return CloudReadings(
            ec2: EC2Client(client(.ec2, region: region, domain: domain, metadata: metadata)),
            elb: ClassicLoadBalancingClient(
                client(.elasticLoadBalancing, region: region, domain: domain, metadata: metadata)
            ),
            elbV2: NetworkLoadBalancingClient(v2, memory: targetGroups),
            url: ServiceEndpoint(.elasticLoadBalancing, region: region, domain: domain, environment: environment).url
        )
    }

    private func client(
        _ service: ServiceEndpoint.Service,
        region: Region,
        domain: DomainName,
        metadata: MetadataClient
    ) -> QueryClient {
        let endpoint = ServiceEndpoint(service, region: region, domain: domain, environment: environment)
        return kept.withLock { kept in
            let key = "\(endpoint.url) \(service)"
            if let known = kept.clients[key] { return known }
            let credentials =
                kept.credentials ?? EnvironmentCredentials(environment) ?? InstanceRoleCredentials(reader: metadata)
            let client = QueryClient(endpoint, credentials: credentials, transport: transport, tally: tally)
            kept.credentials = credentials
            kept.clients[key] = client
            return client
        }
    }
}
