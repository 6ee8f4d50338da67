package import HTTP
import Resources
package import Vocabulary

/// Asks this host's nginx what the load balancer asks it.
package struct HTTPHealthCheck: HealthChecking {
    private let url: String
    private let transport: any HTTPTransport

    package init(_ settings: NodeSettings, transport: any HTTPTransport) {
        self.init(port: settings.healthPorts.local, path: settings.health.path, transport: transport)
    }

    /// - Parameter port: Where nginx takes a request without a header of the PROXY protocol.
    init(port: UInt16, path: HealthPath, transport: any HTTPTransport) {
        self.url = "http://127.0.0.1:\(port)\(path)"
        self.transport = transport
    }

    package func status() async throws -> Int {
        // Each question has a connection of its own, as those of the load balancer have: no idle connection keeps an
        // old nginx alive.
        let request = HTTPRequest(.get, url, headers: [HTTPHeader("Connection", "close")])
        return try await transport.send(request, timeout: .seconds(5)).status
    }
}
