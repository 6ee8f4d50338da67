package import Host
package import SystemPackage

/// The version of the files in /etc/postfix that the running Postfix was told to read.
///
/// Each process of Postfix reads main.cf when it begins, so an edit gets in force piece by piece, at no certain time. To be
/// proven, it has to be in force everywhere: so the agent makes Postfix load every edit.
package struct LoadedConfiguration: Sendable {
    private let files: FileSystem

    package static let folder: FilePath = "/etc/postfix"
    /// In /run: after a boot, Postfix has read its files anew.
    private static let record: FilePath = "/run/smtp-relay-agent/loaded"

    package init(files: FileSystem) {
        self.files = files
    }

    /// The files as they are now.
    package func fingerprint() throws -> String { try files.fingerprintOfTree(Self.folder) }

    /// Has main.cf look settled. Each program of Postfix waits until it is two seconds old, in case it is being written
    /// (dict_load_file_xt in Postfix's dict.c), and meanwhile the edit would be in force and not proven. Whoever is still
    /// writing it has it loaded again in the end.
    func settle() throws {
        let path = Self.folder.appending("main.cf")
        guard files.exists(path) else { return }
        try files.makeOlder(path, than: .seconds(2))
    }

    /// Whether Postfix was told to read the files as they are now.
    package func isCurrent() throws -> Bool {
        try files.file(at: Self.record)?.bytes == Array(fingerprint().utf8)
    }

    /// Writes down what Postfix was told to read.
    ///
    /// - Parameter fingerprint: Taken before it was told.
    package func keep(_ fingerprint: String) throws {
        try files.createDirectory(Self.record.removingLastComponent())
        try files.replace(Self.record, with: Array(fingerprint.utf8), attributes: FileAttributes())
    }
}
