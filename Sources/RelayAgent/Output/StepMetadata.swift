import Logging

/// The names under which a log event carries what a step is about.
enum StepMetadata {
    /// The step: "packages", "postfix".
    static let step = "step"
    /// How long it took.
    static let seconds = "seconds"
    /// Where the step stands: a `StepState`.
    static let state = "state"
}

/// Where a step stands.
enum StepState: String {
    /// Under way.
    case started
    /// Over, with something done.
    case done
    /// Over, with nothing to do.
    case unchanged
    case failed
}
