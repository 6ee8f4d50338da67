package import HTTP
package import Vocabulary

/// Instance metadata that could not be read; each reason has its own cure.
package struct MetadataFailure: Error, Sendable, CustomStringConvertible {
    package enum Reason: Error, Sendable, Equatable {
        /// `AWS_EC2_METADATA_DISABLED` is `true`.
        case disabledHere
        /// A variable of the environment names no place of the service.
        case unusableVariable(String)
        /// The service refuses: HTTP is off for this instance.
        case disabledOnInstance
        /// There is no way to the service, or nothing listens.
        case noRoute(HTTPFailure.Reason)
        /// The service is there, but never answers the request for a token.
        case noToken
        /// The service answers, but with an error.
        case serverError(status: Int)
        /// A value that every instance has is not there.
        case missing
        /// The subnet has no IPv4 addresses, so the instance has none, and never will.
        case onlyIPv6
        /// The instance has no role.
        case noRole
        case badValue(InvalidValue)
        case badCredentials(String)
    }

    package let path: String
    package let reason: Reason
    package let waited: Duration

    package init(path: String, reason: Reason, waited: Duration) {
        self.path = path
        self.reason = reason
        self.waited = waited
    }

    /// Whether the service gave no answer at all.
    var isSilence: Bool {
        switch reason {
        case .noRoute, .noToken: true
        default: false
        }
    }

    package var description: String {
        let time = waited >= .seconds(1) ? " (tried for \(waited.components.seconds) s)" : ""
        return "instance metadata, \(path)\(time): \(explanation)"
    }

    private var explanation: String {
        switch reason {
        case .disabledHere: "AWS_EC2_METADATA_DISABLED is true; unset it, or give facts from a file (plan --facts)"
        case .unusableVariable(let why): why
        case .disabledOnInstance:
            """
            the service refuses (403): HTTP is disabled for this instance; enable it: \
            aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled
            """
        case .noRoute(let why):
            """
            the service is out of reach (\(why)); is this an EC2 instance, is its network up, and does a route or a \
            firewall block 169.254.169.254?
            """
        case .noToken:
            """
            a token was asked for, but no answer came; in a container, or behind a hop, the answer is dropped on the \
            way: aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2
            """
        case .serverError(let status): "the service answers with status \(status); it is at fault, so try again later"
        case .missing: "the service has no such value (404), though every instance in a VPC has it"
        case .onlyIPv6:
            """
            this instance has no IPv4 address, and its subnet has none to give (IPv6-only): a relay needs one; launch it in \
            a subnet with an IPv4 range
            """
        case .noRole:
            """
            this instance has no role, so nothing signs AWS calls; attach an instance profile \
            (aws ec2 associate-iam-instance-profile), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
            """
        case .badValue(let value): "\(value)"
        case .badCredentials(let why): "the role's credentials can't be used: \(why)"
        }
    }
}
