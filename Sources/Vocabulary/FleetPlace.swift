/// `fleet.settings`: the place of the settings for the whole fleet.
package enum FleetPlace: Sendable, Hashable, CustomStringConvertible {
    /// A parameter of AWS Systems Manager.
    case parameter(ParameterName)
    /// An object of S3.
    case object(bucket: BucketName, key: ObjectKey)

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        if text.hasPrefix(Self.parameterPrefix) {
            self = .parameter(try ParameterName(text.dropFirst(Self.parameterPrefix.count)))
            return
        }
        let path = text.dropFirst(Self.objectPrefix.count)
        guard text.hasPrefix(Self.objectPrefix), let slash = path.firstIndex(of: "/") else {
            throw InvalidValue(text, expected: "ssm:PARAMETER or s3://BUCKET/KEY, such as ssm:/smtp-relay/config")
        }
        self = .object(bucket: try BucketName(path[..<slash]), key: try ObjectKey(path[path.index(after: slash)...]))
    }

    /// Whether a text names such a place, rightly or not, and no file.
    package static func isMeant(by text: some StringProtocol) -> Bool {
        text.hasPrefix(parameterPrefix) || text.hasPrefix(objectPrefix)
    }

    private static let parameterPrefix = "ssm:"
    private static let objectPrefix = "s3://"

    package var description: String {
        switch self {
        case .parameter(let name): Self.parameterPrefix + "\(name)"
        case .object(let bucket, let key): Self.objectPrefix + "\(bucket)/\(key)"
        }
    }

    /// The action that reads it, as IAM names it.
    package var action: String {
        switch self {
        case .parameter: "ssm:GetParameter"
        case .object: "s3:GetObject"
        }
    }
}

/// A bucket's name (S3 User Guide, "Bucket naming rules").
package struct BucketName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (3...63).contains(text.utf8.count), labels.allSatisfy({ $0.isHyphenatedName(1...63) }),
            text.utf8.allSatisfy({ !(0x41...0x5A).contains($0) })
        else {
            throw InvalidValue(
                text,
                expected: "a bucket's name: 3 to 63 lower-case letters, digits, inner hyphens and dots"
            )
        }
        self.description = String(text)
    }

    /// Whether a host name can't begin with it: the certificates of S3 hold for one label.
    package var hasDots: Bool { description.utf8.contains(UInt8(ascii: ".")) }
}

/// The key of an object in a bucket, of characters that a URL has as they are.
package struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let allowed = text.utf8.allSatisfy { $0.isLetterDigitOrHyphen || "/._".utf8.contains($0) }
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...1024).contains(text.utf8.count), allowed,
            segments.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else {
            throw InvalidValue(
                text,
                expected: "an object's key of letters, digits and '/._-', such as smtp-relay/config.toml"
            )
        }
        self.description = String(text)
    }
}

/// One version of the settings for the whole fleet.
package struct FleetDocument: Sendable, Equatable, Codable {
    /// Its place, as `fleet.settings` names it.
    package let place: String
    /// The place's own name for the version: a parameter's number, or an object's ETag.
    package let version: String
    package let text: String

    package init(place: FleetPlace, version: String, text: String) {
        self.place = "\(place)"
        self.version = version
        self.text = text
    }
}
