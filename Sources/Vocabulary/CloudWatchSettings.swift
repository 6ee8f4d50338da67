/// `[cloudwatch]`: what the node writes to CloudWatch.
package struct CloudWatchSettings: Sendable, Equatable {
    /// `cloudwatch.logs`: the log group for the mail log and the agent's log; `nil` where neither is written.
    package var logs: LogGroupName?
    /// `cloudwatch.metrics`: the namespace for the metrics; `nil` where there are none.
    package var metrics: MetricNamespace?
    /// `cloudwatch.addresses`: the form of mail addresses in the log group.
    package var addresses: AddressForm
    /// `cloudformation.stack`: the stack whose nodes share their metrics; `nil` where none is set.
    package var stack: StackName?

    package init(
        logs: LogGroupName? = nil,
        metrics: MetricNamespace? = nil,
        addresses: AddressForm = .hashed,
        stack: StackName? = nil
    ) {
        self.logs = logs
        self.metrics = metrics
        self.addresses = addresses
        self.stack = stack
    }

    /// The name of the group whose nodes share their metrics: of the stack, of the Auto Scaling group, or else of the VPC.
    ///
    /// The settings come first, since tags can't always be read.
    package func group(of facts: InstanceFacts) -> String {
        if let stack { return stack.name }
        return facts.tags["aws:autoscaling:groupName"] ?? facts.tags["aws:cloudformation:stack-name"] ?? facts.vpcID
    }
}

/// A form of mail addresses that leave the host.
package enum AddressForm: String, Sendable, CaseIterable {
    /// `anna@example.com`.
    case whole
    /// A digest and the domain: the same address can be found again.
    case hashed
    /// `a***@example.com`.
    case masked
}

/// A log group's name: at most 512 letters, digits, and `.-_/#` (CloudWatch Logs API Reference, CreateLogGroup). Those that
/// begin with `aws/` are AWS's own.
package struct LogGroupName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let isPlain = text.utf8.allSatisfy { $0.isLetterDigitOrHyphen || "._/#".utf8.contains($0) }
        guard isPlain, (1...512).contains(text.utf8.count), !text.hasPrefix("aws/") else {
            throw InvalidValue(text, expected: "a log group's name, such as /smtp-relay/mail")
        }
        self.description = String(text)
    }
}

/// A namespace of metrics: at most 255 letters, digits, and `.-_/#` (CloudWatch API Reference, PutMetricData). Those that
/// begin with `AWS/` are AWS's own.
package struct MetricNamespace: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let isPlain = text.utf8.allSatisfy { $0.isLetterDigitOrHyphen || "._/#".utf8.contains($0) }
        guard isPlain, (1...255).contains(text.utf8.count), !text.hasPrefix("AWS/") else {
            throw InvalidValue(text, expected: "a namespace of metrics that AWS does not use itself, such as SMTPRelay")
        }
        self.description = String(text)
    }
}
