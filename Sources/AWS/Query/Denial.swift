/// Why AWS does not permit a call, as far as the error's message tells (IAM User Guide, "Troubleshoot access denied error
/// messages").
package struct Denial: Sendable, Equatable {
    /// A kind of policy that can refuse a call.
    enum Policy: String, CaseIterable {
        case identity = "identity-based polic"
        case serviceControl = "service control polic"
        case resourceControl = "resource control polic"
        case boundary = "permissions boundar"
        case session = "session polic"
        case endpoint = "vpc endpoint polic"
        case trust = "trust polic"
        case resource = "resource-based polic"
    }

    /// The action that is not permitted, where the message names one.
    let action: String?
    /// The object of the action, where the message names one.
    let resource: String?
    /// The policy that refuses, where the message names its kind.
    let policy: Policy?
    /// Whether a statement denies it; otherwise no statement allows it.
    let isExplicit: Bool
    /// Whether the key is the matter that a parameter is encrypted with.
    let isOfKey: Bool
    /// AWS's own account of the refusal, which `sts:DecodeAuthorizationMessage` makes readable.
    let encodedMessage: String?

    init(_ message: String) {
        let text = message.lowercased()
        let named = Self.word(in: message, after: "authorized to perform: ")
        self.action = named.flatMap { $0.contains(":") ? $0 : nil }
        self.resource = Self.word(in: message, after: "on resource: ")
        let explicit = text.firstRange(of: "explicit deny")
        self.isExplicit = explicit != nil
        let reason = explicit ?? text.firstRange(of: "because no")
        self.policy = reason.flatMap { Self.first(in: text[$0.upperBound...]) }
        self.isOfKey = action.map { $0.hasPrefix("kms:") } ?? (text.contains("ciphertext") || text.contains("kms"))
        self.encodedMessage = Self.word(in: message, after: "Encoded authorization failure message: ")
    }

    /// The kind of policy that a text names first.
    private static func first(in text: Substring) -> Policy? {
        Policy.allCases.compactMap { policy in
            text.firstRange(of: policy.rawValue).map { (policy, $0.lowerBound) }
        }.min { $0.1 < $1.1 }?.0
    }

    /// The characters that actions, ARNs and encoded messages are made of; what follows is no part of them.
    private static func word(in message: String, after mark: String) -> String? {
        guard let start = message.firstRange(of: mark) else { return nil }
        // S3 quotes the resource.
        let word = message[start.upperBound...].drop { $0 == "\"" }.prefix {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-_:/.*=+@".contains($0))
        }
        let trimmed = word.last == "." ? word.dropLast() : word
        return trimmed.isEmpty ? nil : String(trimmed.prefix(4096))
    }
}

extension Denial {
    /// The text for a person who can change it.
    ///
    /// - Parameter called: The action that was called.
    func cure(of called: String) -> String {
        let action = action ?? (isOfKey ? "kms:Decrypt" : called)
        let target = resource.flatMap { $0 == "*" ? nil : " on \($0)" } ?? ""
        let refuses = isExplicit ? "denies \(action)\(target)" : "does not allow \(action)\(target)"
        switch policy {
        case .identity where isExplicit:
            return "a policy of the instance's role \(refuses): change that statement of it"
        case .identity: return "allow \(action)\(target) in the policy of the instance's role"
        case .serviceControl:
            return "a service control policy of the organization \(refuses): its administrators have to change that"
        case .resourceControl:
            return """
                a resource control policy of the organization that the resource belongs to \(refuses): its administrators \
                have to change that
                """
        case .boundary:
            return "the permissions boundary of the instance's role \(refuses): change the boundary"
        case .session:
            return """
                the keys are of a session, and its session policy \(refuses): change that policy, or use the keys of the \
                instance's role
                """
        case .endpoint:
            return """
                the policy of the VPC endpoint on the way to the service \(refuses): change it (aws ec2 \
                modify-vpc-endpoint --vpc-endpoint-id ID --policy-document file://...)
                """
        case .trust:
            return "the trust policy of the role \(refuses): change it (aws iam update-assume-role-policy)"
        case .resource: return "\(owner(of: action)) \(refuses): change it there"
        case nil: return unnamed(action, target, called)
        }
    }

    private func owner(of action: String) -> String {
        switch action.prefix(while: { $0 != ":" }) {
        case "kms": "the key's own policy"
        case "s3": "the bucket's own policy"
        default: "the resource's own policy"
        }
    }

    /// The cure where the message names no kind of policy.
    private func unnamed(_ action: String, _ target: String, _ called: String) -> String {
        if isExplicit {
            return
                "some policy denies \(action)\(target): look for the statement in the role's policies first\(decoding)"
        }
        if action.hasPrefix("kms:") {
            return """
                allow \(action) on the key that the parameter is encrypted with in the policy of the instance's role and, \
                unless it leaves that to IAM, in the key's own policy\(decoding)
                """
        }
        // Systems Manager reports a refusal of KMS as its own.
        let isOfParameter = self.action == nil && called == "ssm:GetParameter"
        let key = isOfParameter ? ", and kms:Decrypt if the parameter has a key of its own" : ""
        return "allow \(action)\(target) in the policy of the instance's role\(key)\(decoding)"
    }

    private var decoding: String {
        encodedMessage.map {
            "; this shows the policy: aws sts decode-authorization-message --encoded-message \($0)"
        } ?? ""
    }
}
