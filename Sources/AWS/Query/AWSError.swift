import FoundationEssentials
package import HTTP
import Vocabulary

/// An error that an AWS API answered with.
package struct AWSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The HTTP status.
    package let status: Int
    /// The API's own name for it, such as `LoadBalancerNotFound`.
    package let code: String
    /// The API's message, as one line that can be shown.
    package let message: String
    /// The request's id, which AWS's support asks for; may be empty.
    package let requestID: String
    /// Why the call is not permitted; `nil` where that is not the error.
    package let denial: Denial?

    package init(status: Int, code: String, message: String, requestID: String = "") {
        self.status = status
        self.code = code.escapedForDisplay
        self.message = Self.presentable(message)
        self.requestID = requestID
        self.denial = Self.deniedCodes.contains(code) ? Denial(message) : nil
    }

    /// An error of the JSON protocol: `{"__type": "com.amazonaws.ssm#ParameterNotFound", "message": "..."}`.
    private struct JSONError: Decodable {
        let __type: String
        let message: String?
        let Message: String?
    }

    /// Reads an error's XML: `<ErrorResponse><Error>` of ELB, `<Response><Errors><Error>` of EC2; or its JSON.
    package init(_ response: HTTPResponse) {
        if let error = try? JSONDecoder().decode(JSONError.self, from: Data(response.body)) {
            let code = error.__type.split(separator: "#").last.map(String.init) ?? error.__type
            self.init(status: response.status, code: code, message: error.message ?? error.Message ?? "")
            return
        }
        let document = try? XMLElement.parse(response.body)
        // S3's error is the document itself.
        let error = document?.name == "Error" ? document : document?.firstDescendant("Error")
        self.init(
            status: response.status,
            code: error?.value("Code") ?? "HTTP \(response.status)",
            message: error?.value("Message") ?? response.text,
            requestID: (document?.firstDescendant("RequestId") ?? document?.firstDescendant("RequestID"))?.text ?? ""
        )
    }

    package var description: String {
        let said = message.isEmpty ? code : "\(code): \(message)"
        return requestID.isEmpty ? "'\(said)'" : "'\(said)' (request \(requestID.escapedForDisplay))"
    }

    package var isThrottling: Bool { Self.throttlingCodes.contains(code) || status == 429 }

    package var isAccessDenied: Bool { denial != nil }

    /// There is no such load balancer. The API's reference has the one name, its answers the other.
    package var isNotFound: Bool { ["LoadBalancerNotFound", "AccessPointNotFound"].contains(code) }

    /// There is no such target group.
    package var isTargetGroupNotFound: Bool { code == "TargetGroupNotFound" }

    /// Whether the API refuses the keys: they have ended, or nobody has them any more, as after a role was made anew. A
    /// wrong clock has some of these codes as well.
    package var refusesKeys: Bool { Self.keyCodes.contains(code) }

    /// Whether it can be that this host's clock is wrong. EC2 says `AuthFailure` (aws-sdk-java#519).
    package var mayBeClockSkew: Bool { Self.skewCodes.contains(code) }

    package var isWorthRetrying: Bool { isThrottling || status >= 500 || Self.passingCodes.contains(code) }

    /// The message's first line, of bounded length. To a wrong signature the APIs answer with the whole canonical
    /// request below that, and the session token is in it.
    private static func presentable(_ message: String) -> String {
        let firstLine = message.split(whereSeparator: \.isNewline).first ?? ""
        // The text behind the second mark is not readable as it is.
        let end =
            ["The Canonical String", "Encoded authorization failure message"]
            .compactMap { firstLine.firstRange(of: $0)?.lowerBound }.min() ?? firstLine.endIndex
        let shown = firstLine[..<end]
        return shown.count > 400 ? shown.prefix(400).escapedForDisplay + "..." : shown.escapedForDisplay
    }

    /// The codes that botocore's retry handler lists.
    private static let throttlingCodes: Set = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
        "PriorRequestNotComplete", "EC2ThrottledException",
    ]

    /// The codes that botocore calls transient.
    private static let passingCodes: Set = ["RequestTimeout", "RequestTimeoutException"]

    private static let deniedCodes: Set = [
        "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "KMSAccessDeniedException",
    ]

    /// The names that EC2, the query protocol, the JSON protocol and S3 have for it.
    private static let keyCodes: Set = [
        "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidToken",
        "InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "UnrecognizedClient",
        "InvalidSecurity", "InvalidSecurityToken", "AuthFailure",
        "SignatureDoesNotMatch", "InvalidSignature", "InvalidSignatureException",
    ]

    private static let skewCodes: Set = [
        "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "SignatureDoesNotMatch", "InvalidSignature",
        "InvalidSignatureException", "AuthFailure",
    ]
}
