/// The meaning of the texts that yum 3 and dnf 4 print (in the C locale).
enum YumOutput {
    enum Trouble: Equatable {
        case locked(LockHolder)
        case nameResolution
        case mirror
        /// Its name does not resolve here, or at the proxy that was asked.
        case mirrorListGone(isByProxy: Bool)
        case epelListSilent
        case other
    }

    /// The holder of a lock, as far as it was printed.
    enum LockHolder: Equatable {
        case process(Int32)
        /// rpm names its lock's file, and not who holds it.
        case holderOf(file: String)
        case unknown
    }

    static func trouble(in text: String) -> Trouble {
        if lockMarks.contains(where: text.contains) { return .locked(lockHolder(in: text)) }
        if let gone = mirrorListGone(text) { return gone }
        let text = withoutListWarnings(text)
        if nameResolutionMarks.contains(where: text.contains) { return .nameResolution }
        if text.contains("retrieve metalink for repository: epel") { return .epelListSilent }
        if mirrorMarks.contains(where: text.contains) { return .mirror }
        return .other
    }

    /// Whether it is CentOS 7's list of mirrors that yum 3 gave up on, whose name does not resolve any more: `nil` where
    /// it is not. Where it names other hosts that don't resolve either, it is not for the list.
    private static func mirrorListGone(_ text: String) -> Trouble? {
        guard text.contains(givenUp) else { return nil }
        let unknown = Set(rests(of: text, after: "Could not resolve host: ").map { $0.prefix(while: isOfHost) })
        if !unknown.isEmpty { return unknown == [mirrorList] ? .mirrorListGone(isByProxy: false) : nil }
        // The reason stands in the line after the address.
        let isByProxy = rests(of: text, after: listWarning).contains { rest in
            let reason = rest.split(separator: "\n").prefix(2).joined(separator: " ")
            return ["502", "503", "504"].contains { reason.contains("HTTP Error \($0)") }
        }
        return isByProxy ? .mirrorListGone(isByProxy: true) : nil
    }

    /// Where yum 3 has a repository's address left, it only warns of the list, and what fails then fails for another
    /// reason.
    private static func withoutListWarnings(_ text: String) -> String {
        guard !text.contains(givenUp), text.contains(listWarning) else { return text }
        var kept: [Substring] = []
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        while let line = lines.popFirst() {
            if line.hasPrefix(listWarning) { _ = lines.popFirst() } else { kept.append(line) }
        }
        return kept.joined(separator: "\n")
    }

    private static func rests(of text: String, after mark: String) -> [Substring] {
        text.split(separator: mark, omittingEmptySubsequences: false).dropFirst().map { $0 }
    }

    private static func isOfHost(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "." || character == "-")
    }

    private static let mirrorList: Substring = "mirrorlist.centos.org"
    private static let listWarning = "Could not retrieve mirrorlist http://\(mirrorList)"
    private static let givenUp = "Cannot find a valid baseurl for repo"

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

    /// Whether dnf says that a package is excluded.
    static func isExcluded(_ package: String, in text: String) -> Bool {
        text.split(separator: "\n").contains { $0.contains("exclude filtering for argument: \(package)") }
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
        "Temporary failure in name resolution", "Resolving timed out",
    ]

    private static let mirrorMarks = [
        "Failed to download metadata", "Cannot retrieve repository metadata", "Cannot download repomd.xml",
        givenUp, "No more mirrors to try", "All mirrors were tried", "Curl error",
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
