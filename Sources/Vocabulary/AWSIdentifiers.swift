/// An EC2 instance's identifier: `i-` and 8 or 17 hexadecimal digits.
package struct InstanceID: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let digits = text.dropFirst(2)
        guard text.hasPrefix("i-"), digits.utf8.count == 8 || digits.utf8.count == 17,
            digits.utf8.allSatisfy({ $0.isDigit || (0x61...0x66).contains($0) })
        else {
            throw InvalidValue(text, expected: "an instance id, such as i-0123456789abcdef0")
        }
        self.description = String(text)
    }
}

/// An AWS region's code, such as `eu-central-1`.
package struct Region: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        guard text.isHyphenatedName(3...32) else {
            throw InvalidValue(text, expected: "a region, such as eu-central-1")
        }
        self.description = text.lowercased()
    }
}

/// A classic load balancer's name: at most 32 letters, digits and inner hyphens
/// (ELB API reference, CreateLoadBalancer, LoadBalancerName).
package struct ClassicLoadBalancerName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        guard text.isHyphenatedName(1...32) else {
            throw InvalidValue(
                text,
                expected: "a classic load balancer's name: at most 32 letters, digits and inner hyphens"
            )
        }
        self.description = String(text)
    }
}

/// A target group's ARN: `arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID`
/// (Service Authorization Reference, "Resource types defined by AWS Elastic Load Balancing V2").
package struct TargetGroupARN: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// The group's name, which its account has once in a region.
    package let name: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let path = parts.last?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "elasticloadbalancing",
            parts[4].utf8.count == 12, parts[4].utf8.allSatisfy(\.isDigit),
            path.count == 3, path[0] == "targetgroup", (1...32).contains(path[1].utf8.count), !path[2].isEmpty,
            ([parts[1], parts[3]] + path[1...]).allSatisfy({ $0.utf8.allSatisfy(\.isLetterDigitOrHyphen) }),
            (try? Region(parts[3])) != nil
        else {
            throw InvalidValue(
                text,
                expected: """
                    a target group's ARN, such as \
                    arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay/0123456789abcdef
                    """
            )
        }
        self.description = String(text)
        self.name = String(path[1])
    }
}
