/// A request that got no answer.
package struct HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        /// The request says no place that it could be sent to.
        case invalidAddress
        /// The network has no way there.
        case noRoute(String)
        /// The host is there, but nothing listens.
        case refused
        case nameNotResolved
        case timedOut(after: Duration)
        case tls(String)
        case proxy(String)
        /// The connection was closed before the answer was whole.
        case closed
        case other(String)
    }

    package let url: String
    package let reason: Reason

    package init(url: String, reason: Reason) {
        self.url = url
        self.reason = reason
    }

    /// The host that was asked, without scheme and path.
    package var host: String { URLParts(url)?.host ?? url }

    package var description: String { "\(url): \(reason)" }
}

extension HTTPFailure.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidAddress: "this is not an address of the form https://host/path; check AWS_ENDPOINT_URL"
        case .noRoute(let why): "no route there (\(why))"
        case .refused: "connection refused: nothing listens there"
        case .nameNotResolved: "its name can't be resolved; check /etc/resolv.conf and the VPC's DNS settings"
        case .timedOut(let limit): "no answer within \(limit)"
        case .tls(let why):
            """
            the TLS handshake failed (\(why)); check the host's clock, its CA bundle (package ca-certificates) and \
            AWS_CA_BUNDLE
            """
        case .proxy(let why): "the proxy refused (\(why)); check HTTPS_PROXY and NO_PROXY"
        case .closed: "the connection was closed before an answer came"
        case .other(let why): why
        }
    }
}
