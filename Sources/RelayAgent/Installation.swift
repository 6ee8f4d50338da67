package import Host
package import SystemPackage

/// The agent's own place on the host.
package struct Installation: Sendable {
    package static let program: FilePath = "/usr/local/bin/smtp-relay-agent"
    /// The program that was there before, to go back to: its own `bootstrap` puts it into its place again.
    package static let previous: FilePath = "/usr/local/bin/smtp-relay-agent.previous"

    private let files: FileSystem
    private let running: FilePath

    /// - Parameter running: The program that runs now.
    package init(files: FileSystem, running: FilePath = "/proc/self/exe") {
        self.files = files
        self.running = running
    }

    /// Copies the running program to its place, where another or none is there. Another is kept beside it.
    ///
    /// - Returns: Whether something had to be copied.
    package func install() throws -> Bool {
        if files.areSame(running, Self.program) { return false }
        let bytes = try files.bytes(at: running)
        let attributes = FileAttributes(permissions: .executable)
        let installed = FileSnapshot(attributes: attributes, isRegular: true, bytes: bytes)
        let former = try files.file(at: Self.program)
        if former == installed { return false }
        try files.createDirectory(Self.program.removingLastComponent())
        if let former, former.isRegular, former.bytes != bytes {
            try files.replace(Self.previous, with: former.bytes, attributes: attributes)
        }
        try files.replace(Self.program, with: bytes, attributes: attributes)
        return true
    }

    /// Whether a process runs another program than the one that is installed.
    func isOutdated(_ process: Int32) -> Bool {
        let program = FilePath("/proc/\(process)/exe")
        return files.linkTarget(of: program) != nil && !files.areSame(program, Self.program)
    }
}
