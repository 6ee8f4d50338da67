import FoundationEssentials
package import Host
package import SystemPackage

/// A value that this program keeps for its later processes, as a file of JSON.
package struct StateFile<Value: Codable & Sendable>: Sendable {
    private let path: FilePath
    private let files: FileSystem
    private let attributes: FileAttributes

    /// - Parameter isSecret: Whether root alone may read it.
    package init(_ path: FilePath, in files: FileSystem, isSecret: Bool = false) {
        self.path = path
        self.files = files
        self.attributes = isSecret ? FileAttributes(permissions: .ownerReadWrite) : FileAttributes()
    }

    /// The value that was kept; `nil` if there is none, or if the file has another form.
    package func read() -> Value? {
        guard let bytes = try? files.bytes(at: path) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: Data(bytes))
    }

    /// Keeps a value. A file that has it already is not written again.
    ///
    /// - Throws: `FileFailure`.
    package func write(_ value: Value) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let bytes = Array(try encoder.encode(value))
        guard try files.file(at: path)?.bytes != bytes else { return }
        try files.createDirectory(path.removingLastComponent())
        try files.replace(path, with: bytes, attributes: attributes)
    }
}
