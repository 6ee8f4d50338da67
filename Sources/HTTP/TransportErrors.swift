import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension HTTPClientTransport {
    /// What an error of the network stack means for the one who asked.
    static func reason(of error: any Error, timeout: Duration) -> HTTPFailure.Reason {
        switch error {
        case let error as NIOConnectionError:
            // Each address was tried; the last word is as good as any.
            if let last = error.connectionErrors.last { return reason(of: last.error, timeout: timeout) }
            return error.dnsAError == nil && error.dnsAAAAError == nil ? .other("\(error)") : .nameNotResolved
        case let error as IOError: return reason(ofCode: error.errnoCode)
        case is SocketAddressError: return .nameNotResolved
        case is ChannelError, is NIOTooManyBytesError: return .other("\(error)")
        case let error as NIOSSLExtraError: return .tls("\(error)")
        case let error as NIOSSLError: return .tls("\(error)")
        case let error as HTTPClientError: return reason(of: error, timeout: timeout)
        default: return .other("\(error)")
        }
    }

    private static func reason(of error: HTTPClientError, timeout: Duration) -> HTTPFailure.Reason {
        switch error {
        case .connectTimeout, .readTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout,
            .httpProxyHandshakeTimeout, .tlsHandshakeTimeout:
            .timedOut(after: timeout)
        case .remoteConnectionClosed: .closed
        case .proxyAuthenticationRequired: .proxy("it wants a user and a password")
        case .invalidProxyResponse: .proxy("its answer to CONNECT is no success")
        default: .other(error.shortDescription)
        }
    }

    private static func reason(ofCode code: CInt) -> HTTPFailure.Reason {
        switch code {
        case ECONNREFUSED: .refused
        case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EADDRNOTAVAIL: .noRoute(String(cString: strerror(code)))
        case ECONNRESET, EPIPE: .closed
        default: .other(String(cString: strerror(code)))
        }
    }
}

/// The parts of an address that decide where a request goes.
package struct URLParts: Sendable, Equatable {
    package let scheme: String
    /// A name or an address, without brackets.
    package let host: String
    package let port: Int?
    /// From the first slash on; "/" where there is none.
    package let path: String

    /// Takes `http` and `https` apart; `nil` for anything else.
    package init?(_ url: String) {
        guard let end = url.firstRange(of: "://") else { return nil }
        let scheme = url[..<end.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = url[end.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        var port: Int?
        let afterBrackets = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBrackets...].lastIndex(of: ":") {
            guard let number = UInt16(authority[authority.index(after: colon)...]) else { return nil }
            port = Int(number)
            authority = authority[..<colon]
        }
        let host = authority.filter { $0 != "[" && $0 != "]" }
        guard !host.isEmpty, !host.contains("@") else { return nil }
        self.scheme = scheme
        self.host = String(host)
        self.port = port
        self.path = slash == rest.endIndex ? "/" : String(rest[slash...])
    }
}
