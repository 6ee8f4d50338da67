import HTTP

/// An error that an AWS API answered with.
package struct AWSError: Error, Sendable, Equatable {
    /// The HTTP status.
    package let status: Int
    /// The API's own name for it, such as `LoadBalancerNotFound`.
    package let code: String
    package let message: String
    package let requestID: String

    package init(status: Int, code: String, message: String, requestID: String = "") {
        self.status = status
        self.code = code
        self.message = message
        self.requestID = requestID
    }

    /// Reads an error's XML: `<ErrorResponse><Error>` of ELB, `<Response><Errors><Error>` of EC2.
    init(_ response: HTTPResponse) {
        let document = try? XMLElement.parse(response.body)
        let error = document?.firstDescendant("Error")
        self.status = response.status
        self.code = error?.value("Code") ?? "HTTP \(response.status)"
        self.message = error?.value("Message") ?? String(response.text.prefix(200))
        self.requestID =
            document?.firstDescendant("RequestId")?.text ?? document?.firstDescendant("RequestID")?.text ?? ""
    }

    package var isThrottling: Bool { Self.throttlingCodes.contains(code) || status == 429 }

    package var isAccessDenied: Bool { ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"].contains(code) }

    package var isExpiredToken: Bool { ["ExpiredToken", "ExpiredTokenException", "RequestExpired"].contains(code) }

    /// Whether it can be that this host's clock is wrong. EC2 says `AuthFailure` (aws-sdk-java#519).
    package var mayBeClockSkew: Bool { Self.skewCodes.contains(code) }

    package var isWorthRetrying: Bool { isThrottling || status >= 500 }

    /// As botocore's retry handler lists them.
    private static let throttlingCodes: Set = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
        "PriorRequestNotComplete", "EC2ThrottledException",
    ]

    private static let skewCodes: Set = [
        "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "SignatureDoesNotMatch", "InvalidSignature",
        "InvalidSignatureException", "AuthFailure",
    ]
}
