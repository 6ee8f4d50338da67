import AWS
import Testing

/// The cures of refusals, by AWS's messages (IAM User Guide, "Troubleshoot access denied error messages").
struct DenialTests {
    private static let role = "arn:aws:sts::123456789012:assumed-role/relay/i-0123456789abcdef0"
    private static let balancer = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/smtp-relay"
    private static let join = "elasticloadbalancing:RegisterInstancesWithLoadBalancer"
    private static let key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"

    private func cure(_ message: String, of action: String = join, code: String = "AccessDenied") throws -> String {
        let error = AWSError(status: 403, code: code, message: message)
        let failure = AWSFailure(action: action, reason: .answered(error))
        let cure = try #require(failure.cureOfDenial)
        #expect(failure.description.hasSuffix("; " + cure))
        return cure
    }

    private static func refusal(_ reason: String, _ action: String = join, _ resource: String = balancer) -> String {
        "User: \(role) is not authorized to perform: \(action) on resource: \(resource) \(reason)"
    }

    @Test(arguments: [
        ("because no identity-based policy allows the X action", "allow \(join) on \(balancer) in the policy of"),
        ("with an explicit deny in an identity-based policy", "a policy of the instance's role denies \(join) on"),
        (
            "because no service control policy allows the X action",
            "a service control policy of the organization does not"
        ),
        ("with an explicit deny in a service control policy", "a service control policy of the organization denies"),
        (
            "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/p-1",
            "a service control policy of the organization denies"
        ),
        ("with an explicit deny in a resource control policy", "a resource control policy of the organization that"),
        (
            "because no resource control policy allows the X action",
            "a resource control policy of the organization that"
        ),
        (
            "because no permissions boundary allows the X action",
            "the permissions boundary of the instance's role does not"
        ),
        ("with an explicit deny in a permissions boundary", "the permissions boundary of the instance's role denies"),
        ("because no session policy allows the X action", "its session policy does not allow"),
        ("with an explicit deny in a session policy", "its session policy denies"),
        ("because no VPC endpoint policy allows the X action", "the policy of the VPC endpoint on the way"),
        ("with an explicit deny in a VPC endpoint policy", "the policy of the VPC endpoint on the way"),
        ("because no resource-based policy allows the X action", "the resource's own policy does not allow"),
        (
            "because no role trust policy allows the sts:AssumeRole action",
            "the trust policy of the role does not allow"
        ),
        ("with an explicit deny in a role trust policy", "the trust policy of the role denies"),
        ("with an explicit deny", "some policy denies \(join)"),
        ("", "allow \(join) on \(balancer) in the policy of the instance's role"),
    ])
    func theCureNamesThePolicy(reason: String, beginning: String) throws {
        let cure = try cure(Self.refusal(reason))
        #expect(cure.contains(beginning), "\(cure)")
        #expect(cure.contains(Self.join))
    }

    @Test func whereNothingIsNamedTheCallsActionIsAllowed() throws {
        let expected = "allow \(Self.join) in the policy of the instance's role"
        #expect(try cure("no") == expected)
        #expect(try cure("User: x is not authorized to perform: \(Self.join)") == expected)
        #expect(try cure(Self.refusal("", Self.join, "*")) == expected)
    }

    @Test(arguments: [
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not "
            + "allowed to access.",
        "The ciphertext refers to a key that does not exist, or you are not allowed to access it.",
        refusal("", "kms:Decrypt", key),
        "Access to KMS is not allowed",
    ])
    func aKeyIsToldFromItsParameter(message: String) throws {
        let cure = try cure(message, of: "ssm:GetParameter", code: "AccessDeniedException")
        #expect(cure.hasPrefix("allow kms:Decrypt on the key that the parameter is encrypted with"))
        #expect(cure.contains("key's own policy"))
    }

    @Test func theKeysOwnPolicyIsNamed() throws {
        let message = Self.refusal(
            "because no resource-based policy allows the kms:Decrypt action",
            "kms:Decrypt",
            Self.key
        )
        let cure = try cure(message, of: "ssm:GetParameter")
        #expect(cure == "the key's own policy does not allow kms:Decrypt on \(Self.key): change it there")
        let bucket = Self.refusal(
            "with an explicit deny in a resource-based policy",
            "s3:GetObject",
            "arn:aws:s3:::b/k"
        )
        #expect(try self.cure(bucket, of: "s3:GetObject").hasPrefix("the bucket's own policy denies s3:GetObject on"))
    }

    @Test func theResourceMayBeQuotedOrUnnamed() throws {
        let quoted =
            "User: x is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/k\" because no "
            + "identity-based policy allows the s3:GetObject action"
        #expect(
            try cure(quoted, of: "s3:GetObject")
                == "allow s3:GetObject on arn:aws:s3:::b/k in the policy of the instance's role"
        )
        let unnamed =
            "User: x is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because "
            + "the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy "
            + "explicitly denies access"
        #expect(
            try cure(unnamed, of: "ssm:GetParameter").hasPrefix("allow kms:Decrypt on the key that the parameter is")
        )
    }

    @Test func aParameterMayNeedItsKeyToo() throws {
        let cure = try cure("no", of: "ssm:GetParameter")
        let role = "in the policy of the instance's role"
        #expect(cure == "allow ssm:GetParameter \(role), and kms:Decrypt if the parameter has a key of its own")
        let named = Self.refusal(
            "because no identity-based policy allows it",
            "ssm:GetParameter",
            "arn:aws:ssm:::parameter/p"
        )
        #expect(try !self.cure(named, of: "ssm:GetParameter").contains("kms:Decrypt"))
    }

    @Test func anEncodedMessageIsToBeDecoded() throws {
        let encoded = String(repeating: "aB1-_", count: 200)
        let message =
            "You are not authorized to perform this operation. Encoded authorization failure message: \(encoded)"
        let error = AWSError(status: 403, code: "UnauthorizedOperation", message: message)
        #expect(error.message == "You are not authorized to perform this operation. ")
        let cure = try cure(message, of: "ec2:DescribeTags", code: "UnauthorizedOperation")
        #expect(cure.hasSuffix("aws sts decode-authorization-message --encoded-message \(encoded)"))
        // Where the policy is named, nothing has to be decoded.
        let named =
            "\(Self.refusal("because no VPC endpoint policy allows the ec2:X action")). Encoded authorization failure "
            + "message: \(encoded)"
        #expect(try !self.cure(named).contains(encoded))
    }

    /// Text from outside goes into a command line that is shown.
    @Test func nothingButTheMessagesOwnCharactersIsShown() throws {
        let cure = try cure("Encoded authorization failure message: abc$(reboot);rm -rf /\n`x`")
        #expect(!cure.contains(";rm") && !cure.contains("`"))
        let resource = try self.cure(Self.refusal("", Self.join, "arn:\u{1B}[31m"))
        #expect(!resource.contains("\u{1B}"))
    }

    @Test func aLongMessageStillNamesThePolicyAtItsEnd() throws {
        let long = Self.balancer + String(repeating: "x", count: 500)
        let message = Self.refusal("with an explicit deny in a service control policy", Self.join, long)
        #expect(try cure(message).hasPrefix("a service control policy"))
    }

    @Test(arguments: ["InvalidKeyId", "KMSInvalidStateException"])
    func aKeyThatIsOffIsNamed(code: String) {
        let error = AWSError(status: 400, code: code, message: "x")
        let failure = AWSFailure(action: "ssm:GetParameter", reason: .answered(error))
        #expect(failure.description.contains("KMS key is disabled or deleted"))
    }
}
