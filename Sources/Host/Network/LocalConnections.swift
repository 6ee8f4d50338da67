import SystemPackage

/// Connections to a program's socket in the file system, from `/proc/net/unix` (unix(7)).
package struct LocalConnections: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// Counts the connections to the socket whose path has this ending.
    package func count(to suffix: String) -> Int {
        let table = (try? files.bytes(at: "/proc/net/unix")) ?? []
        return table.split(separator: UInt8(ascii: "\n")).count { line in
            let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
            return fields.count > 7 && fields[5] == Self.connected && fields[7].hasSuffix(suffix)
        }
    }

    /// The state SS_CONNECTED.
    private static let connected: Substring = "03"
}
