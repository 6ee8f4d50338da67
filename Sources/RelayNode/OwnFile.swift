/// A file that is the agent's from the first line to the last.
enum OwnFile {
    /// The beginning of its first line.
    static let header = "# Written by smtp-relay-agent, the whole of it; edits are undone."
}
