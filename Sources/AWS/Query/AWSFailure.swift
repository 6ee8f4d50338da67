package import HTTP
import Vocabulary

/// A call of an AWS API that did not succeed, for good.
package struct AWSFailure: Error, Sendable, CustomStringConvertible {
    package enum Reason: Sendable {
        /// The API said no.
        case answered(AWSError)
        /// No answer came, however often it was tried.
        case unreachable(HTTPFailure)
        /// The environment leads to no endpoint.
        case noEndpoint(EndpointFailure)
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
    /// The variables that chose the endpoint among AWS's own.
    var endpointVariables: [String] = []
    /// The name of the thing that the call was about, where no answer gives it.
    var object: String?
    /// Whether it was given up because the node had made too many retries.
    var isOutOfRetries = false

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

    /// The action that is not permitted, where that was the answer. A call may need another one besides its own: a parameter
    /// that is a SecureString takes `kms:Decrypt` on its key.
    package var deniedAction: String? {
        guard let denial = error?.denial else { return nil }
        return denial.action ?? (denial.isOfKey ? "kms:Decrypt" : action)
    }

    /// The cure of a call that is not permitted; `nil` where that was not the answer.
    package var cureOfDenial: String? { error?.denial?.cure(of: action) }

    /// Whether there is nothing to be in: the load balancer or the target group was deleted.
    package var isOfNothing: Bool { error.map { $0.isNotFound || $0.isTargetGroupNotFound } ?? false }

    /// Whether the same call may succeed in a moment.
    package var mayPass: Bool {
        switch reason {
        case .answered(let error): error.isWorthRetrying
        case .unreachable(let failure): failure.reason != .invalidAddress
        case .credentials: true
        case .noEndpoint: false
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
            gateway or VPC endpoint), the security groups on the way, and DNS\(choice)
            """
        case .noEndpoint(let failure): "\(action) can't be called: \(failure)"
        case .credentials(let error): "\(action) can't be called without credentials: \(error)"
        case .unreadable(let what):
            """
            \(action) got an unexpected answer (\(what.escapedForDisplay)); check that a proxy or AWS_ENDPOINT_URL \
            does not lead to another server
            """
        }
    }

    /// A name that AWS does not have looks like a host that is out of reach.
    private var choice: String {
        guard !endpointVariables.isEmpty else { return "" }
        let names = endpointVariables.joined(separator: " and ")
        return "; \(names) chose this endpoint, and AWS does not have it for every service in every region"
    }

    private var tries: String {
        let spent = isOutOfRetries ? "no retries left" : nil
        let count = attempts == 1 ? nil : "\(attempts) tries in \(waited.components.seconds) s"
        let said = [count, spent].compactMap(\.self).joined(separator: ", ")
        return said.isEmpty ? "" : " (\(said))"
    }

    /// No pass calls CloudWatch.
    private var again: String { isOfCloudWatch ? "it is tried again later" : "the next pass tries again" }

    private var isOfCloudWatch: Bool { action.hasPrefix("logs:") || action.hasPrefix("cloudwatch:") }

    private func cure(of error: AWSError) -> String {
        if let cureOfDenial { return cureOfDenial }
        if error.isThrottling { return "the account's API limit is used up; \(again)" }
        if error.isNotFound {
            return "check load_balancer.classic: there is no classic load balancer of that name in this region"
        }
        if error.isTargetGroupNotFound {
            return "check load_balancer.target_groups: there is no target group of that ARN in this region"
        }
        if error.refusesKeys || error.mayBeClockSkew {
            return "check the host's clock ('chronyc tracking') and the instance's role"
        }
        switch error.code {
        case "ParameterNotFound":
            return """
                check mail.upstream.password_parameter or fleet.settings: there is no parameter of that name in this region
                """
        case "ResourceNotFoundException" where isOfCloudWatch:
            return """
                check cloudwatch.logs: there is no log group '\(object ?? "")' in this region (aws logs create-log-group \
                --log-group-name '\(object ?? "")')
                """
        case "NoSuchKey", "NoSuchBucket":
            return "check its name (fleet.settings): there is no such object"
        case "PermanentRedirect", "AuthorizationHeaderMalformed":
            return "the bucket is in another region; take one in the region of the nodes"
        case "InvalidKeyId", "KMSInvalidStateException", "KMS.DisabledException", "DisabledException":
            return "the parameter's KMS key is disabled or deleted: enable it, or store the parameter with another key"
        case "InvalidTarget":
            return "check that the target group is in this instance's VPC"
        case "OptInRequired":
            return "the account is not subscribed to this service or region"
        default:
            return error.status >= 500
                ? "the service is at fault; \(again)" : "see the service's API reference for this code"
        }
    }
}
