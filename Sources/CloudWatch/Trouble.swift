import AgentLog

/// A failure to reach an API that is logged once, and once more when it is over.
struct Trouble {
    private let what: String
    private let log: StepLog
    private var told: String?

    /// - Parameter what: The thing that waits, such as "the log".
    init(of what: String, log: StepLog) {
        self.what = what
        self.log = log
    }

    /// - Parameters:
    ///   - kind: Tells failures apart: each kind is logged once.
    ///   - text: The failure.
    mutating func began(_ kind: String, _ text: String) {
        guard told != kind else { return }
        told = kind
        log.warning("cloudwatch", "\(what) can't be sent: \(text)")
    }

    mutating func ended() {
        guard told != nil else { return }
        told = nil
        log.notice("cloudwatch", "\(what) is sent again")
    }
}
