package import SystemPackage

/// A file's mode and owner.
package struct FileAttributes: Sendable, Equatable {
    package var permissions: FilePermissions
    /// The owner's user id.
    package var owner: UInt32
    /// The group's id.
    package var group: UInt32

    package init(permissions: FilePermissions = .worldReadable, owner: UInt32 = 0, group: UInt32 = 0) {
        self.permissions = permissions
        self.owner = owner
        self.group = group
    }
}

extension FilePermissions {
    /// `rw-r--r--`, as configuration files are.
    package static let worldReadable = FilePermissions(rawValue: 0o644)
    /// `rwxr-xr-x`, as programs and folders are.
    package static let executable = FilePermissions(rawValue: 0o755)
}

/// A file as it stood when it was read.
package struct FileSnapshot: Sendable, Equatable {
    package let attributes: FileAttributes
    /// Whether it is a plain file; a link, a folder or a device has no bytes here.
    package let isRegular: Bool
    package let bytes: [UInt8]

    package init(attributes: FileAttributes, isRegular: Bool, bytes: [UInt8]) {
        self.attributes = attributes
        self.isRegular = isRegular
        self.bytes = bytes
    }
}

/// A configuration file's text, which goes back to just the bytes it came from.
///
/// Comments in old files are not always UTF-8. Where they are not, each byte stands as the Latin-1 character of its
/// number, so that editing the ASCII parts loses nothing.
package struct FileText: Sendable, Equatable {
    package let string: String
    private let isUTF8: Bool

    package init(_ bytes: [UInt8]) {
        if let string = String(validating: bytes, as: UTF8.self) {
            self.string = string
            self.isUTF8 = true
        } else {
            self.string = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
            self.isUTF8 = false
        }
    }

    /// The bytes of another text in the encoding that this one came in.
    package func encode(_ other: String) -> [UInt8] {
        if isUTF8 { return Array(other.utf8) }
        return other.unicodeScalars.map { UInt8(exactly: $0.value) ?? UInt8(ascii: "?") }
    }
}
