/// A finding that the doctor can have, declared once.
///
/// The command line, the page of findings and the metrics read the same declaration.
package struct FindingKind: Sendable {
    /// The name, for programs and for a search: `outbound-25-blocked`.
    package let name: String
    /// The severities that it can have; the first unless the examination says otherwise.
    package let severities: [Finding.Severity]
    /// The fault in general; each finding says it with its numbers and names.
    package let seen: String
    /// Why that matters to mail.
    package let why: String
    /// The cure in general; each finding says it with its names.
    package let cure: String
    /// The findings that it may follow from, the nearest first.
    package let causes: [Cause]
    /// Whether a person has ordered it, so that the findings that follow from it are no alarm.
    package let isOrdered: Bool
    /// Whether it is exported as a metric. Findings that only a request shows, and those that are merely worth knowing,
    /// are not.
    package let isMetric: Bool

    /// The kind of a finding that may be the cause of another.
    package struct Cause: Sendable {
        package let name: String
        /// Whether both have to be about the same thing, such as one load balancer.
        package let isOfSameSubject: Bool

        /// A cause of this kind, about any subject.
        package static func any(_ kind: FindingKind) -> Cause { Cause(name: kind.name, isOfSameSubject: false) }

        /// A cause of this kind, about the same subject only.
        package static func same(_ kind: FindingKind) -> Cause { Cause(name: kind.name, isOfSameSubject: true) }
    }

    init(
        _ name: String,
        _ severities: Finding.Severity...,
        seen: String,
        why: String,
        cure: String,
        follows causes: [Cause] = [],
        isOrdered: Bool = false,
        isMetric: Bool = true
    ) {
        self.name = name
        self.severities = severities
        self.seen = seen
        self.why = why
        self.cure = cure
        self.causes = causes
        self.isOrdered = isOrdered
        self.isMetric = isMetric
    }
}
