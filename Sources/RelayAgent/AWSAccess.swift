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
    private let budget: RetryBudget
    private let kept = Mutex(Kept())
    let targetGroups = NetworkLoadBalancingClient.Memory()
    /// Whether this node may be in its load balancers, as far as was asked.
    let admissions = AdmissionMemory()

    private struct Kept {
        var metadata: (settings: NodeSettings.Metadata, client: MetadataClient)?
        var found: (any CredentialSource)?
        var clients: [String: QueryClient] = [:]

        mutating func credentials(_ environment: [String: String], _ metadata: MetadataClient) -> any CredentialSource {
            let source = found ?? EnvironmentCredentials(environment) ?? InstanceRoleCredentials(reader: metadata)
            found = source
            return source
        }
    }

    /// - Parameters:
    ///   - budget: The retries of this node.
    ///   - onWait: Is told when metadata or an API has to be waited for.
    package init(
        environment: [String: String],
        transport: any HTTPTransport,
        budget: RetryBudget = RetryBudget(),
        onWait: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.environment = environment
        self.transport = transport
        self.budget = budget
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

    /// The source of the keys that calls are signed with.
    func credentials(_ metadata: MetadataClient) -> any CredentialSource {
        kept.withLock { $0.credentials(environment, metadata) }
    }

    func client(_ service: ServiceEndpoint.Service, of account: AWSAccount) -> QueryClient {
        kept.withLock { kept in
            let key = "\(service) \(account.region) \(account.domain)"
            if let known = kept.clients[key] { return known }
            let client = QueryClient(
                endpoint(service, of: account),
                credentials: kept.credentials(environment, account.metadata),
                transport: transport,
                tally: tally,
                budget: budget,
                onWait: onWait
            )
            kept.clients[key] = client
            return client
        }
    }
}
