/// An EC2 instance's identifier: `i-` and 8 or 17 hexadecimal digits.
package struct InstanceID: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let digits = text.dropFirst(2)
        guard text.hasPrefix("i-"), digits.utf8.count == 8 || digits.utf8.count == 17,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
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
        guard (3...32).contains(text.utf8.count), text.utf8.allSatisfy(\.isLetterDigitOrHyphen),
            !text.hasPrefix("-"), !text.hasSuffix("-")
        else {
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
        guard (1...32).contains(text.utf8.count), text.utf8.allSatisfy(\.isLetterDigitOrHyphen),
            !text.hasPrefix("-"), !text.hasSuffix("-")
        else {
            throw InvalidValue(
                text,
                expected: "a classic load balancer's name: at most 32 letters, digits and inner hyphens"
            )
        }
        self.description = String(text)
    }
}
