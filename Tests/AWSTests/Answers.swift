import AWS
import HTTP
import RelayTestSupport
import Vocabulary

/// Answers as the APIs give them, and a client to give them to.
enum Answers {
    static func error(_ code: String, _ message: String = "Why.") -> String {
        """
        <ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/"><Error><Type>Sender</Type>
        <Code>\(code)</Code><Message>\(message)</Message></Error><RequestId>f9880f01</RequestId></ErrorResponse>
        """
    }

    static let keys = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "hunter2",
        sessionToken: "swordfish",
        expiration: nil
    )

    static func client(
        _ transport: any HTTPTransport,
        _ service: ServiceEndpoint.Service = .elasticLoadBalancing,
        credentials: any CredentialSource = FixedCredentials(),
        limits: QueryClient.Limits = .init(),
        tally: APITally = APITally(),
        budget: RetryBudget = RetryBudget(),
        time: ManualTime = ManualTime()
    ) throws -> QueryClient {
        QueryClient(
            ServiceEndpoint(
                service,
                region: try Region("eu-central-1"),
                domain: try DomainName("amazonaws.com"),
                environment: [:]
            ),
            credentials: credentials,
            transport: transport,
            limits: limits,
            tally: tally,
            budget: budget,
            time: time.source
        )
    }
}

struct FixedCredentials: CredentialSource {
    func credentials() -> Credentials { Answers.keys }
    func invalidate() -> Bool { false }
}

extension HTTPRequest {
    var text: String { String(decoding: body, as: UTF8.self) }
}
