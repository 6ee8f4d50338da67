package import Host
package import SystemPackage

/// A configuration that did not work, and is not tried again yet.
///
/// The text stays the same until the next try, so it is logged once.
package struct FailedChange: Error, CustomStringConvertible {
    package let service: ServiceName
    let failure: Generation.Failure
    /// The file that holds the rejected text.
    package let kept: FilePath
    /// Files that were edited meanwhile, and stay so.
    package var edited: [FilePath] = []
    /// Why going back did not work either, if so.
    package var goingBack: (any Error)?

    package var description: String {
        let outcome =
            if let goingBack {
                "and restoring the previous files failed as well: \(goingBack); the next pass tries again"
            } else {
                "so the previous files are back"
            }
        let untouched =
            edited.isEmpty
            ? "" : "; \(edited.map(\.string).joined(separator: ", ")) keeps what was written meanwhile"
        return """
            \(service) did not work with its new configuration, \(outcome)\(untouched). The change is kept in \(kept). \
            Tries so far: \(failure.tries), the last at \(Self.clock(failure.time)); the next comes at \
            \(Self.clock(failure.nextTry)), or once the settings or what they depend on have changed ('rm \(kept)' and \
            'smtp-relay-agent reconcile' try it at once)
            \(failure.reason)
            """
    }

    /// The time of the day.
    private static func clock(_ seconds: Int) -> String {
        let fields = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
        return fields.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":") + " UTC"
    }
}

extension Generation.Failure {
    /// When it is worth another try though nothing has changed: after a minute, two, four, and so on up to an hour.
    var nextTry: Int { time + min(60 << min(tries - 1, 6), 3600) }

    /// Whether it is worth another try now.
    func isDue(at now: Int, _ circumstances: String) -> Bool {
        // A clock that was set back says nothing about the pause.
        if now >= nextTry || now < time - 60 { return true }
        return !self.circumstances.isEmpty && circumstances != self.circumstances
    }
}
