/// What yum 3 and dnf 4 mean by what they print (in the C locale).
enum YumOutput {
    enum Trouble: Equatable {
        /// With the holder's process id, where it was printed.
        case locked(process: Int32?)
        case nameResolution
        case mirror
        case other
    }

    static func trouble(in text: String) -> Trouble {
        if lockMarks.contains(where: text.contains) { return .locked(process: holder(in: text)) }
        if nameResolutionMarks.contains(where: text.contains) { return .nameResolution }
        if mirrorMarks.contains(where: text.contains) { return .mirror }
        return .other
    }

    /// The packages that no repository has: "No match for argument: X" (dnf), "No package X available." (yum 3).
    static func missingPackages(in text: String, of packages: [String]) -> [String] {
        packages.filter { name in
            text.split(separator: "\n").contains { line in
                line.contains("No match for argument: \(name)") || line.contains("No package \(name) available")
            }
        }
    }

    /// "Another app is currently holding the yum lock" (yum 3), "is already locked by PID" and rpm's own.
    private static let lockMarks = [
        "holding the yum lock", "another copy is running", "exit_on_lock", "Failed to obtain the transaction lock",
        "Failed to obtain rpm transaction lock", "transaction lock on", "is already locked by",
        "Waiting for process with pid",
        "lock on /var/lib/rpm", "can't create transaction lock", "Could not run transaction",
    ]

    private static let nameResolutionMarks = [
        "Could not resolve host", "Couldn't resolve host", "Curl error (6)", "Name or service not known",
        "Temporary failure in name resolution",
    ]

    private static let mirrorMarks = [
        "Failed to download metadata", "Cannot retrieve repository metadata", "Cannot download repomd.xml",
        "Cannot find a valid baseurl", "No more mirrors to try", "All mirrors were tried", "Curl error",
        "Status code: 5",
        "Status code: 4", "Errno 14", "Error downloading packages", "Cannot retrieve metalink",
    ]

    /// The number after "PID" or "pid", as in "another copy is running as pid 2183".
    private static func holder(in text: String) -> Int32? {
        let lowered = text.lowercased()
        for mark in ["running as pid ", "process with pid ", "locked by pid ", "pid "] {
            for piece in lowered.split(separator: "\n").compactMap({ $0.firstRange(of: mark).map { $0.upperBound } }) {
                if let number = Int32(lowered[piece...].prefix { $0.isNumber }) { return number }
            }
        }
        return nil
    }
}
