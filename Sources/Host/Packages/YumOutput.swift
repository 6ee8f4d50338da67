/// What yum 3 and dnf 4 mean by what they print (in the C locale).
enum YumOutput {
    enum Trouble: Equatable {
        case locked(LockHolder)
        case nameResolution
        case mirror
        case mirrorListGone
        case other
    }

    /// Who holds a lock, as far as it was printed.
    enum LockHolder: Equatable {
        case process(Int32)
        /// rpm names its lock's file, and not who holds it.
        case holderOf(file: String)
        case unknown
    }

    static func trouble(in text: String) -> Trouble {
        if lockMarks.contains(where: text.contains) { return .locked(lockHolder(in: text)) }
        // Its name does not resolve any more, for which nobody is to look at the VPC's DNS.
        if text.contains("mirrorlist.centos.org") { return .mirrorListGone }
        if nameResolutionMarks.contains(where: text.contains) { return .nameResolution }
        if mirrorMarks.contains(where: text.contains) { return .mirror }
        return .other
    }

    /// The packages that no repository has: "No match for argument: X" (dnf), "No package X available." (yum 3); or not
    /// as the repositories are set up: "All matches were filtered out by modular filtering for argument: X" (dnf).
    static func missingPackages(in text: String, of packages: [String]) -> [String] {
        // "There are no enabled repos." (yum 3), "There are no enabled repositories in ..." (dnf).
        if text.contains("There are no enabled repo") { return packages }
        return packages.filter { name in
            text.split(separator: "\n").contains { line in
                line.contains("No match for argument: \(name)") || line.contains("No package \(name) available")
                    || line.contains("filtering for argument: \(name)")
            }
        }
    }

    private static let lockMarks = [
        // yum 3
        "holding the yum lock", "another copy is running",
        // dnf's own locks: "RPMDB already locked by 346", "Metadata already locked by", "Waiting for process with pid"
        "already locked by", "Waiting for process with pid", "Failed to obtain the transaction lock",
        "Failed to obtain rpm transaction lock",
        // rpm's, on which dnf fails (amazon-linux-2023#397)
        "can't create transaction lock on", "can't create lock file", "cannot get exclusive lock on",
    ]

    private static let nameResolutionMarks = [
        "Could not resolve host", "Couldn't resolve host", "Curl error (6)", "Name or service not known",
        "Temporary failure in name resolution",
    ]

    private static let mirrorMarks = [
        "Failed to download metadata", "Cannot retrieve repository metadata", "Cannot download repomd.xml",
        "Cannot find a valid baseurl", "No more mirrors to try", "All mirrors were tried", "Curl error",
        "Status code: 5", "Status code: 4", "Errno 14", "Error downloading packages", "Cannot retrieve metalink",
    ]

    private static func lockHolder(in text: String) -> LockHolder {
        let lowered = text.lowercased()
        for mark in ["already locked by ", "running as pid ", "process with pid ", "application with pid "] {
            guard let end = lowered.firstRange(of: mark)?.upperBound else { continue }
            if let process = Int32(lowered[end...].prefix { $0.isASCII && $0.isNumber }) { return .process(process) }
        }
        for mark in ["transaction lock on ", "lock file "] {
            guard let end = text.firstRange(of: mark)?.upperBound else { continue }
            let file = text[end...].prefix { !$0.isWhitespace }
            if file.hasPrefix("/") { return .holderOf(file: String(file)) }
        }
        return .unknown
    }
}
