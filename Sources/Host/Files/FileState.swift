package import SystemPackage

/// The state of a configuration path: a plain file, a link to one, or nothing.
package struct FileState: Sendable, Equatable {
    package enum Kind: String, Sendable, Codable {
        case absent
        case file
        /// A link to a plain file, whose mode, owner and bytes these are.
        case link
        /// A folder, a device, or a link that leads to no plain file.
        case other
    }

    package let kind: Kind
    package let attributes: FileAttributes
    /// The target of a link, as it is written there.
    package let target: String?
    package let bytes: [UInt8]

    package init(_ kind: Kind, attributes: FileAttributes, target: String? = nil, bytes: [UInt8] = []) {
        self.kind = kind
        self.attributes = attributes
        self.target = target
        self.bytes = bytes
    }

    package static let absent = FileState(.absent, attributes: FileAttributes())

    /// Whether there is a text to be read.
    package var hasText: Bool { kind == .file || kind == .link }

    /// Whether the same bytes are to be read there, or nothing in both.
    package func reads(as other: FileState) -> Bool { kind.isText == other.kind.isText && bytes == other.bytes }
}

extension FileState.Kind {
    fileprivate var isText: Bool? {
        switch self {
        case .absent: nil
        case .file, .link: true
        case .other: false
        }
    }
}

extension FileSystem {
    /// Reads the state of a path, through links.
    package func state(of path: FilePath) throws(FileFailure) -> FileState {
        guard let found = try file(at: path) else { return .absent }
        if found.isRegular { return FileState(.file, attributes: found.attributes, bytes: found.bytes) }
        let target = linkTarget(of: path)
        guard target != nil, let location = resolve(path)?.location, let file = try file(at: location), file.isRegular
        else { return FileState(.other, attributes: found.attributes, target: target) }
        return FileState(.link, attributes: file.attributes, target: target, bytes: file.bytes)
    }

    /// Writes a file's new bytes beside it or, where it is a link, beside the file that it leads to.
    ///
    /// - Throws: `UnusableFile` where a link leads to what can't be edited, or a `FileFailure`.
    package func stageThroughLinks(
        _ path: FilePath,
        _ bytes: [UInt8],
        attributes: FileAttributes
    ) throws -> StagedFile {
        try stage(try editableLocation(of: path), bytes, attributes: attributes)
    }

    /// Replaces a file or, where it is a link, the file that it leads to.
    ///
    /// - Throws: `UnusableFile` where a link leads to what can't be edited, or a `FileFailure`.
    package func replaceThroughLinks(_ path: FilePath, with bytes: [UInt8], attributes: FileAttributes) throws {
        try stageThroughLinks(path, bytes, attributes: attributes).commit()
    }
}
