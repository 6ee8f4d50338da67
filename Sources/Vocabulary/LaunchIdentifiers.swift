/// A lifecycle hook's name: up to 255 letters, digits, `-`, `_` and `/`
/// (Auto Scaling API reference, CompleteLifecycleAction, LifecycleHookName).
package struct LifecycleHookName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let allowed = text.utf8.allSatisfy {
            $0.isLetterDigitOrHyphen || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "/")
        }
        guard (1...255).contains(text.utf8.count), allowed else {
            throw InvalidValue(
                text,
                expected: "a lifecycle hook's name: at most 255 letters, digits, '-', '_' and '/'"
            )
        }
        self.description = String(text)
    }
}

/// A CloudFormation stack by its name or its id, which is an ARN
/// (CloudFormation API reference, SignalResource, StackName).
package struct StackName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        guard Self.isName(text) || Self.isARN(text) else {
            throw InvalidValue(
                text,
                expected: "a stack's name (a letter, then at most 127 letters, digits and hyphens) or its ARN"
            )
        }
        self.description = String(text)
    }

    /// The name, also of an ARN: `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID`.
    package var name: String {
        let path = description.split(separator: "/")
        return path.count > 1 ? String(path[1]) : description
    }

    private static func isName(_ text: some StringProtocol) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy(\.isLetterDigitOrHyphen)
            && text.first?.isLetter == true
    }

    private static func isARN(_ text: some StringProtocol) -> Bool {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        return text.utf8.count <= 1024 && fields.count == 6 && fields[0] == "arn" && fields[2] == "cloudformation"
            && fields[5].hasPrefix("stack/")
            && text.utf8.allSatisfy { $0.isLetterDigitOrHyphen || ":/._+".utf8.contains($0) }
    }
}

/// A resource's name in a CloudFormation template: letters and digits
/// (CloudFormation User Guide, "Resources", logical ID).
package struct LogicalResourceID: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        guard (1...255).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0.isLetterDigitOrHyphen && $0 != UInt8(ascii: "-") })
        else {
            throw InvalidValue(text, expected: "a resource's logical id: at most 255 letters and digits")
        }
        self.description = String(text)
    }
}
