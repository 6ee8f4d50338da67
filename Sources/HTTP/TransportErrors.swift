import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension HTTPClientTransport {
    /// The reason of a failure for an error of the network stack.
    static func reason(of error: any Error, timeout: Duration) -> HTTPFailure.Reason {
        switch error {
        case let error as NIOConnectionError:
            // Each address was tried; the last word is as good as any.
            if let last = error.connectionErrors.last { return reason(of: last.error, timeout: timeout) }
            return error.dnsAError == nil && error.dnsAAAAError == nil ? .other("\(error)") : .nameNotResolved
        case let error as IOError: return reason(ofCode: error.errnoCode)
        case is SocketAddressError: return .nameNotResolved
        case ChannelError.connectTimeout: return .timedOut(after: timeout)
        case is ResponseAccumulator.ResponseTooBigError:
            return .other("its answer is larger than \(bodyLimit >> 20) MiB")
        case is NIOSSLExtraError, is NIOSSLError: return .tls(essence(of: "\(error)"))
        case let error as HTTPClientError: return reason(of: error, timeout: timeout)
        default: return .other("\(error)")
        }
    }

    /// BoringSSL's own word, such as `CERTIFICATE_VERIFY_FAILED`, out of the library's long text around it.
    private static func essence(of text: String) -> String {
        guard let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound else { return text }
        return String(text[start...].prefix { !$0.isWhitespace && $0 != "]" })
    }

    private static func reason(of error: HTTPClientError, timeout: Duration) -> HTTPFailure.Reason {
        switch error {
        case .connectTimeout, .readTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout,
            .httpProxyHandshakeTimeout, .tlsHandshakeTimeout:
            .timedOut(after: timeout)
        case .remoteConnectionClosed: .closed
        case .cancelled: .other("the request was cancelled")
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
        case ETIMEDOUT: .noRoute("connecting timed out")
        default: .other(String(cString: strerror(code)))
        }
    }
}
