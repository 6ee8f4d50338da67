package import HTTP
import Vocabulary

/// A call of an AWS API that did not succeed, for good.
package struct AWSFailure: Error, Sendable, CustomStringConvertible {
    package enum Reason: Sendable {
        /// The API said no.
        case answered(AWSError)
        /// No answer came, however often it was tried.
        case unreachable(HTTPFailure)
        /// There are no credentials to sign with.
        case credentials(any Error)
        /// The answer does not follow the API's reference.
        case unreadable(String)
    }

    /// The action as IAM names it: `elasticloadbalancing:DescribeLoadBalancers`.
    package let action: String
    package let reason: Reason
    package let attempts: Int
    package let waited: Duration

    package init(action: String, reason: Reason, attempts: Int = 1, waited: Duration = .zero) {
        self.action = action
        self.reason = reason
        self.attempts = attempts
        self.waited = waited
    }

    /// The API's error, if it answered with one.
    package var error: AWSError? {
        guard case .answered(let error) = reason else { return nil }
        return error
    }

    /// The action that the role lacks, where that was the answer. A call may need another one besides its own: a parameter
    /// that is a SecureString takes `kms:Decrypt` on its key.
    package var deniedAction: String? {
        guard let error, error.isAccessDenied else { return nil }
        if let start = error.message.firstRange(of: "authorized to perform: ") {
            let word = error.message[start.upperBound...].prefix { $0.isLetter || $0.isNumber || ":-".contains($0) }
            if word.contains(":") { return String(word) }
        }
        return error.message.lowercased().contains("ciphertext") ? "kms:Decrypt" : action
    }

    /// Whether there is nothing to be in: the load balancer or the target group was deleted.
    package var isOfNothing: Bool { error.map { $0.isNotFound || $0.isTargetGroupNotFound } ?? false }

    /// Whether the same call may succeed in a moment.
    package var mayPass: Bool {
        switch reason {
        case .answered(let error): error.isWorthRetrying
        case .unreachable(let failure): failure.reason != .invalidAddress
        case .credentials: true
        case .unreadable: false
        }
    }

    package var description: String {
        switch reason {
        case .answered(let error):
            "\(action) was answered \(error)\(tries); \(cure(of: error))"
        case .unreachable(let failure):
            """
            \(action) got no answer from \(failure.host)\(tries): \(failure.reason); check the route there (NAT \
            gateway or VPC endpoint), the security groups on the way, and DNS
            """
        case .credentials(let error): "\(action) can't be called without credentials: \(error)"
        case .unreadable(let what):
            """
            \(action) got an unexpected answer (\(what.escapedForDisplay)); check that a proxy or AWS_ENDPOINT_URL \
            does not lead to another server
            """
        }
    }

    private var onKey: String {
        deniedAction == "kms:Decrypt" ? " on the key that the parameter is encrypted with" : ""
    }

    private var tries: String {
        attempts == 1 ? "" : " (\(attempts) tries in \(waited.components.seconds) s)"
    }

    private func cure(of error: AWSError) -> String {
        if let deniedAction { return "allow \(deniedAction)\(onKey) in the policy of the instance's role" }
        if error.isThrottling { return "the account's API limit is used up; the next pass tries again" }
        if error.isNotFound {
            return "check load_balancer.classic: there is no classic load balancer of that name in this region"
        }
        if error.isTargetGroupNotFound {
            return "check load_balancer.target_groups: there is no target group of that ARN in this region"
        }
        switch error.code {
        case "ParameterNotFound":
            return "check mail.upstream.password_parameter: there is no parameter of that name in this region"
        case "InvalidTarget":
            return "check that the target group is in this instance's VPC"
        case "InvalidClientTokenId", "AuthFailure", "SignatureDoesNotMatch", "InvalidSignature", "RequestExpired",
            "RequestTimeTooSkewed", "ExpiredToken":
            return "check the host's clock ('chronyc tracking') and the instance's role"
        case "OptInRequired":
            return "the account is not subscribed to this service or region"
        default:
            return error.status >= 500
                ? "the service is at fault; the next pass tries again" : "see the service's API reference for this code"
        }
    }
}
