package import Host
package import SystemPackage

/// The agent's own place on the host.
package struct Installation: Sendable {
    package static let program: FilePath = "/usr/local/bin/smtp-relay-agent"

    private let files: FileSystem
    private let running: FilePath

    /// - Parameter running: The program that runs now.
    package init(files: FileSystem, running: FilePath = "/proc/self/exe") {
        self.files = files
        self.running = running
    }

    /// Copies the running program to its place, where another or none is there.
    ///
    /// - Returns: Whether something had to be copied.
    package func install() throws -> Bool {
        if files.areSame(running, Self.program) { return false }
        let bytes = try files.bytes(at: running)
        let attributes = FileAttributes(permissions: .executable)
        let installed = FileSnapshot(attributes: attributes, isRegular: true, bytes: bytes)
        if try files.file(at: Self.program) == installed { return false }
        try files.createDirectory(Self.program.removingLastComponent())
        try files.replace(Self.program, with: bytes, attributes: attributes)
        return true
    }
}
