import CRelease

/// This program's version, and where it was built from.
package enum AgentVersion {
    package static let current = "0.1.0"

    /// Version and commit, such as `0.1.0 (commit 0123456789abcdef0123456789abcdef01234567)`.
    ///
    /// Only a release has a commit: what anyone else builds may be of any source.
    package static let described: String = {
        let commit = String(cString: crelease_commit())
        return commit.isEmpty ? "\(current) (development)" : "\(current) (commit \(commit))"
    }()
}
