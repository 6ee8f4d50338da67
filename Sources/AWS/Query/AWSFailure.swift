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
        /// The answer was not what the API's reference says.
        case unreadable(String)
    }

    /// As IAM names it: `elasticloadbalancing:DescribeLoadBalancers`.
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

    package var description: String {
        switch reason {
        case .answered(let error):
            "\(action) was answered '\(error.code): \(error.message.escapedForDisplay)'\(tries); \(cure(of: error))"
        case .unreachable(let failure):
            """
            \(action) got no answer\(tries): \(failure); check the route to the API (NAT gateway or VPC endpoint, \
            security group, DNS)
            """
        case .credentials(let error): "\(action) can't be called without credentials: \(error)"
        case .unreadable(let what): "\(action) was answered with something unexpected: \(what.escapedForDisplay)"
        }
    }

    private var tries: String {
        attempts == 1 ? "" : " (\(attempts) tries in \(waited.components.seconds) s)"
    }

    private func cure(of error: AWSError) -> String {
        if error.isAccessDenied { return "allow \(action) in the instance role's policy" }
        if error.isThrottling { return "the account's API limit is used up; the next pass tries again" }
        switch error.code {
        case "LoadBalancerNotFound", "AccessPointNotFound":
            return "check load_balancer.classic: there is no classic load balancer of that name in this region"
        case "InvalidClientTokenId", "AuthFailure", "SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed":
            return "check the host's clock ('chronyc tracking') and the instance's role"
        case "OptInRequired":
            return "the account is not subscribed to this service or region"
        default: return "see the service's API reference for this code"
        }
    }
}
