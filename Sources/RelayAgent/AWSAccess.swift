package import AWS
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
    let targetGroups = NetworkLoadBalancingClient.Memory()
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

    /// The account that an instance is in.
    func account(of facts: InstanceFacts, _ settings: NodeSettings.Metadata) -> AWSAccount {
        account(facts.region, facts.servicesDomain, metadata(settings))
    }

    func account(_ region: Region, _ domain: DomainName, _ metadata: MetadataClient) -> AWSAccount {
        AWSAccount(region: region, domain: domain, metadata: metadata, access: self)
    }

    func endpoint(_ service: ServiceEndpoint.Service, of account: AWSAccount) -> ServiceEndpoint {
        ServiceEndpoint(service, region: account.region, domain: account.domain, environment: environment)
    }

    func client(_ service: ServiceEndpoint.Service, of account: AWSAccount) -> QueryClient {
        let endpoint = endpoint(service, of: account)
        return kept.withLock { kept in
            let key = "\(endpoint.url) \(service)"
            if let known = kept.clients[key] { return known }
            let credentials =
                kept.credentials ?? EnvironmentCredentials(environment)
                ?? InstanceRoleCredentials(reader: account.metadata)
            let client = QueryClient(endpoint, credentials: credentials, transport: transport, tally: tally)
            kept.credentials = credentials
            kept.clients[key] = client
            return client
        }
    }
}
