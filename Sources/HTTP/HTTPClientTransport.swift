import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Vocabulary

/// Requests over the network, by AsyncHTTPClient.
package final class HTTPClientTransport: HTTPTransport {
    private let proxies: ProxySettings
    private let trust: NIOSSLTrustRoots
    private let direct: HTTPClient

    /// Larger than any answer that the program asks for.
    private static let bodyLimit = 1 << 20

    /// - Parameter environment: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and `AWS_CA_BUNDLE` count.
    /// - Throws: `TransportSettingsFailure` for a variable that can't be used.
    package init(environment: [String: String]) throws(TransportSettingsFailure) {
        do throws(InvalidValue) {
            self.proxies = try ProxySettings(environment: environment)
        } catch {
            throw TransportSettingsFailure(variable: "HTTPS_PROXY, HTTP_PROXY", reason: error.description)
        }
        if let bundle = environment["AWS_CA_BUNDLE"], !bundle.isEmpty {
            do {
                self.trust = .certificates(try NIOSSLCertificate.fromPEMFile(bundle))
            } catch {
                throw TransportSettingsFailure(
                    variable: "AWS_CA_BUNDLE",
                    reason: "'\(bundle.escapedForDisplay)' can't be read as a file of PEM certificates"
                )
            }
        } else {
            self.trust = .default
        }
        self.direct = Self.client(trust: trust, proxy: nil)
    }

    /// Closes what connections are open.
    package func shutdown() async {
        try? await direct.shutdown()
    }

    package func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPFailure) -> HTTPResponse {
        do {
            guard let proxy = proxy(for: request.url) else {
                return try await Self.execute(request, timeout: timeout, by: direct)
            }
            // A client holds one proxy; requests are too few and far between for connections to be worth keeping.
            let client = Self.client(trust: trust, proxy: proxy)
            do {
                let response = try await Self.execute(request, timeout: timeout, by: client)
                try await client.shutdown()
                return response
            } catch {
                try await client.shutdown()
                throw error
            }
        } catch {
            throw HTTPFailure(url: request.url, reason: Self.reason(of: error, timeout: timeout))
        }
    }

    private func proxy(for url: String) -> HTTPClient.Configuration.Proxy? {
        guard let parts = URLParts(url), let server = proxies.server(forHost: parts.host, scheme: parts.scheme) else {
            return nil
        }
        guard let credentials = server.credentials else { return .server(host: server.host, port: server.port) }
        let pair = credentials.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return .server(
            host: server.host,
            port: server.port,
            authorization: .basic(username: String(pair[0]), password: pair.count == 2 ? String(pair[1]) : "")
        )
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
        // A failed connection is for the caller to judge: it tells apart what AsyncHTTPClient would try over and over.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
    }

    private static func execute(
        _ request: HTTPRequest,
        timeout: Duration,
        by client: HTTPClient
    ) async throws -> HTTPResponse {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        if request.method != .get { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        let response = try await client.execute(outgoing, deadline: .now() + TimeAmount(timeout))
        var body = try await response.body.collect(upTo: bodyLimit)
        return HTTPResponse(
            status: Int(response.status.code),
            headers: response.headers.map { HTTPHeader($0.name, $0.value) },
            body: body.readBytes(length: body.readableBytes) ?? []
        )
    }
}

/// A variable of the environment that the transport can't work with.
package struct TransportSettingsFailure: Error, Sendable, CustomStringConvertible {
    package let variable: String
    package let reason: String

    package var description: String { "environment \(variable): \(reason)" }
}
