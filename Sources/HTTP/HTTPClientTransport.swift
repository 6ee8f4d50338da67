import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Vocabulary

/// Requests over the network, by AsyncHTTPClient. Redirects are answers, and not followed.
package final class HTTPClientTransport: HTTPTransport {
    private let proxies: ProxySettings
    private let direct: HTTPClient
    /// A client holds one proxy, so each proxy has one.
    private let proxied: [(server: ProxySettings.Server, client: HTTPClient)]

    /// Bytes; larger than any answer that the program asks for.
    static let bodyLimit = 1 << 20

    /// - Parameter environment: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and `AWS_CA_BUNDLE` count.
    /// - Throws: `TransportSettingsFailure` for a variable that can't be used.
    package init(environment: [String: String]) throws(TransportSettingsFailure) {
        let proxies = try ProxySettings(environment: environment)
        let trust = try TrustRoots.load(environment: environment)
        self.proxies = proxies
        self.direct = Self.client(trust: trust, proxy: nil)
        self.proxied = [proxies.https, proxies.http].compactMap { server in
            server.map { ($0, Self.client(trust: trust, proxy: .init($0))) }
        }
    }

    /// The fault of a variable that can be worked with all the same; `nil` where there is none.
    package var warning: String? { proxies.warning }

    /// Closes what connections are open. Nothing can be sent afterwards.
    package func shutdown() async {
        for client in [direct] + proxied.map(\.client) { try? await client.shutdown() }
    }

    package func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPFailure) -> HTTPResponse {
        guard let parts = URLParts(request.url) else {
            throw HTTPFailure(url: request.url, reason: .invalidAddress)
        }
        let server = proxies.server(forHost: parts.host, scheme: parts.scheme, port: parts.port)
        let client = proxied.first { $0.server == server }?.client ?? direct
        do {
            return try await Self.execute(request, timeout: timeout, by: client)
        } catch {
            throw HTTPFailure(url: request.url, reason: Self.reason(of: error, timeout: timeout))
        }
    }

    private static func client(trust: NIOSSLTrustRoots, proxy: HTTPClient.Configuration.Proxy?) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = trust
        tls.minimumTLSVersion = .tlsv12
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            proxy: proxy
        )
        configuration.httpVersion = .http1Only
        // The caller decides about failed connections; AsyncHTTPClient would retry all of them.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
    }

    /// Has the answer gathered where it arrives: a task that took it piece by piece, and another for the time, would cost
    /// more processor time than all the rest. This deadline counts to the body's end, while that of AsyncHTTPClient's
    /// streamed bodies ends where the body begins, so that a server that trickles would hold the program for ever.
    private static func execute(
        _ request: HTTPRequest,
        timeout: Duration,
        by client: HTTPClient
    ) async throws -> HTTPResponse {
        let outgoing = try HTTPClient.Request(
            url: request.url,
            method: HTTPMethod(rawValue: request.method.rawValue),
            headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }),
            body: request.method == .get ? nil : .byteBuffer(ByteBuffer(bytes: request.body))
        )
        let task = client.execute(
            request: outgoing,
            delegate: ResponseAccumulator(request: outgoing, maxBodySize: bodyLimit),
            deadline: .now() + TimeAmount(timeout)
        )
        let response = try await withTaskCancellationHandler {
            try await task.get()
        } onCancel: {
            task.cancel()
        }
        return HTTPResponse(
            status: Int(response.status.code),
            headers: response.headers.map { HTTPHeader($0.name, $0.value) },
            body: response.body.map { Array($0.readableBytesView) } ?? []
        )
    }
}

extension HTTPClient.Configuration.Proxy {
    fileprivate init(_ server: ProxySettings.Server) {
        guard let user = server.user else {
            self = .server(host: server.host, port: server.port)
            return
        }
        self = .server(
            host: server.host,
            port: server.port,
            authorization: .basic(username: user, password: server.password)
        )
    }
}

/// A variable of the environment that can't be worked with.
package struct TransportSettingsFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let variable: String
    package let reason: String

    package init(variable: String, reason: String) {
        self.variable = variable
        self.reason = reason
    }

    package var description: String { "environment \(variable): \(reason)" }
}
