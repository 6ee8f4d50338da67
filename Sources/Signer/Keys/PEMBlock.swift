import FoundationEssentials

/// The block of a text between `-----BEGIN ...-----` and `-----END ...-----` (RFC 7468).
struct PEMBlock {
    let label: String
    let der: [UInt8]

    /// The block alone, as BoringSSL reads it.
    var pem: String {
        let lines = Data(der).base64EncodedString().chunked(64).joined(separator: "\n")
        return "-----BEGIN \(label)-----\n\(lines)\n-----END \(label)-----\n"
    }

    /// The only private key in the text.
    static func privateKey(in text: String) throws(KeyFailure) -> PEMBlock {
        let blocks = blocks(in: text)
        if blocks.contains(where: { $0.label == "ENCRYPTED PRIVATE KEY" || $0.isEncrypted }) { throw .encrypted }
        let keys = blocks.filter { $0.label.hasSuffix("PRIVATE KEY") }
        guard let key = keys.first else { throw blocks.isEmpty ? .notPEM : .publicKey }
        guard keys.count == 1 else { throw .severalKeys }
        guard let data = Data(base64Encoded: key.body.filter { !$0.isWhitespace }), !data.isEmpty else {
            throw .damaged
        }
        return PEMBlock(label: key.label, der: Array(data))
    }

    private struct Lines {
        let label: String
        var body = ""
        /// Whether the block has the header of RFC 1421 for encrypted keys.
        var isEncrypted = false
    }

    private static func blocks(in text: String) -> [Lines] {
        var blocks: [Lines] = []
        var current: Lines?
        for line in text.split(whereSeparator: \.isNewline).map({ $0.drop(while: \.isWhitespace) }) {
            if line.hasPrefix("-----BEGIN ") {
                current = Lines(label: line.dropFirst(11).prefix { $0 != "-" }.description)
            } else if line.hasPrefix("-----END ") {
                if let current { blocks.append(current) }
                current = nil
            } else if line.hasPrefix("Proc-Type:"), line.contains("ENCRYPTED") {
                current?.isEncrypted = true
            } else if !line.contains(":") {
                current?.body += line
            }
        }
        return blocks
    }

    /// The kind of key, by the label and by the algorithm that PKCS#8 names.
    func algorithm() throws(KeyFailure) -> PrivateKey.Algorithm {
        switch label {
        case "RSA PRIVATE KEY": return .rsa
        case "PRIVATE KEY":
            guard let identifier = algorithmIdentifier else { throw .damaged }
            if let known = Self.algorithms[identifier] { return known }
            throw .otherAlgorithm(Self.otherAlgorithms[identifier] ?? "an algorithm that is not known here")
        default: throw .otherAlgorithm(label.replacing(" PRIVATE KEY", with: ""))
        }
    }

    /// The object identifier of PKCS#8: `SEQUENCE { INTEGER, SEQUENCE { OBJECT IDENTIFIER, ...` (RFC 5958).
    private var algorithmIdentifier: [UInt8]? {
        var reader = DERReader(bytes: der[...])
        guard reader.enter(0x30), reader.skip(0x02), reader.enter(0x30) else { return nil }
        return reader.content(0x06)
    }

    /// The 32 bytes of an Ed25519 key (RFC 8410, section 7), with or without the public key behind them.
    var ed25519Seed: [UInt8]? {
        var reader = DERReader(bytes: der[...])
        guard reader.enter(0x30), reader.skip(0x02), reader.skip(0x30), let wrapped = reader.content(0x04) else {
            return nil
        }
        var inner = DERReader(bytes: wrapped[...])
        return inner.content(0x04)
    }

    private static let algorithms: [[UInt8]: PrivateKey.Algorithm] = [
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]: .rsa,
        [0x2B, 0x65, 0x70]: .ed25519,
    ]

    private static let otherAlgorithms: [[UInt8]: String] = [
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]: "ECDSA",
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A]: "RSA-PSS",
        [0x2B, 0x65, 0x6E]: "X25519",
        [0x2B, 0x65, 0x71]: "Ed448",
    ]
}

/// Reads DER from front to back, as far as private keys need it.
private struct DERReader {
    var bytes: ArraySlice<UInt8>

    /// Goes into a constructed value.
    mutating func enter(_ tag: UInt8) -> Bool { length(of: tag) != nil }

    mutating func skip(_ tag: UInt8) -> Bool { content(tag) != nil }

    mutating func content(_ tag: UInt8) -> [UInt8]? {
        guard let length = length(of: tag), length <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(length) }
        return Array(bytes.prefix(length))
    }

    private mutating func length(of tag: UInt8) -> Int? {
        guard bytes.popFirst() == tag, let first = bytes.popFirst() else { return nil }
        if first < 0x80 { return Int(first) }
        let count = Int(first & 0x7F)
        guard (1...4).contains(count), count <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    }
}

extension String {
    /// The text in pieces of this many characters; the last one may be shorter.
    func chunked(_ size: Int) -> [String] {
        var (rest, pieces) = (self[...], [String]())
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return pieces
    }
}
