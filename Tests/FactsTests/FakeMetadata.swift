import Facts
import HTTP
import RelayTestSupport
import Synchronization
import Vocabulary

/// A metadata service that wants tokens and knows some paths.
final class FakeMetadata: HTTPTransport {
    private struct State {
        var values: [String: String]
        var requests: [HTTPRequest] = []
        var tokens = 0
        var isTokenForgotten = false
    }

    private let state: Mutex<State>
    private let endpoint: String

    init(_ values: [String: String], endpoint: String = "http://169.254.169.254") {
        self.state = Mutex(State(values: values))
        self.endpoint = endpoint
    }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }
    /// The number of tokens that were given.
    var tokens: Int { state.withLock { $0.tokens } }

    /// Takes no token that was given so far.
    func forgetTokens() { state.withLock { $0.isTokenForgotten = true } }

    func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPFailure) -> HTTPResponse {
        let response = state.withLock { state -> HTTPResponse? in
            state.requests.append(request)
            guard request.url.hasPrefix(endpoint + "/latest/") else { return nil }
            let path = String(request.url.dropFirst(endpoint.count + "/latest/".count))
            if request.method == .put, path == "api/token" {
                let wanted = HTTPHeader("X-aws-ec2-metadata-token-ttl-seconds", "21600")
                guard request.headers == [wanted] else { return HTTPResponse(status: 400) }
                state.tokens += 1
                state.isTokenForgotten = false
                return HTTPResponse(status: 200, text: "token\(state.tokens)")
            }
            let token = HTTPHeader("X-aws-ec2-metadata-token", "token\(state.tokens)")
            guard request.method == .get, request.headers == [token], !state.isTokenForgotten else {
                return HTTPResponse(status: 401)
            }
            guard path.hasPrefix("meta-data/"), let value = state.values[String(path.dropFirst("meta-data/".count))]
            else { return HTTPResponse(status: 404) }
            return HTTPResponse(status: 200, text: value)
        }
        guard let response else { throw HTTPFailure(url: request.url, reason: .noRoute("Network is unreachable")) }
        return response
    }
}

extension MetadataClient {
    /// A client with the settings' usual patience of two minutes.
    init(
        _ transport: any HTTPTransport,
        _ time: ManualTime,
        environment: [String: String] = [:],
        allowVersion1: Bool = false,
        onWait: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(
            transport: transport,
            environment: environment,
            settings: NodeSettings.Metadata(allowVersion1: allowVersion1),
            time: time.source,
            onWait: onWait
        )
    }
}
