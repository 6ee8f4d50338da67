import AWS

/// A step of the work that failed, and why.
package struct StepFailure: Error, CustomStringConvertible {
    package let step: String
    package let cause: any Error
    /// Whether it was one of leaving the load balancers, of which each is taken whatever became of those before.
    package let isLeaving: Bool

    package init(step: String, cause: any Error, isLeaving: Bool = false) {
        self.step = step
        self.cause = cause
        self.isLeaving = isLeaving
    }

    /// Whether it is one of what a pass goes by, and not of what it does.
    package var isInTheWay: Bool { ["settings", "facts"].contains(step) }

    /// Whether the node would serve, but for a name server that does not answer.
    var isSilenceOfDNS: Bool { (cause as? UnverifiableSignatures)?.isSilence ?? false }

    package var description: String { "\(cause)" }
}

extension StepFailure {
    /// Does something that belongs to a step; what it throws names the step.
    static func naming<Result>(_ step: String, _ body: () throws -> Result) throws(StepFailure) -> Result {
        do {
            return try body()
        } catch {
            throw StepFailure(step: step, cause: error)
        }
    }
}

extension Error {
    /// Whether AWS has answered that the account's API limit is used up.
    var isThrottling: Bool { ((self as? StepFailure)?.cause as? AWSFailure)?.error?.isThrottling ?? false }

    /// Whether the settings are what is wrong.
    var isOfSettings: Bool { (self as? StepFailure)?.step == "settings" }
}
