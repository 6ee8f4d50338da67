import FoundationEssentials

/// A `DKIM-Signature` field in the making (RFC 6376, section 3.5).
struct SignatureField {
    let key: SigningKey
    /// The names of the signed headers.
    let names: [String]
    let bodyHash: [UInt8]
    /// Seconds since 1970.
    let time: Int
    /// Seconds since 1970, after which the signature is not valid.
    let expiration: Int?

    static let name = "DKIM-Signature"

    /// The column at which lines end; only a domain or name that is longer on its own goes beyond it.
    static let lastColumn = 78

    /// The field with this signature, or the field that is signed: the same without it.
    func field(signature: [UInt8] = []) -> HeaderField {
        var lines = FoldedLines(firstColumn: Self.name.utf8.count + 1)
        let expiration = expiration.map { ["x=\($0);"] } ?? []
        let tags =
            [
                "v=1;", "a=\(key.key.algorithm.rawValue);", "c=relaxed/relaxed;", "d=\(key.domain);",
                "s=\(key.selector);", "t=\(time);",
            ] + expiration
        for tag in tags { lines.add(tag, after: " ") }
        for (place, name) in names.enumerated() {
            let text = name + (place == names.count - 1 ? ";" : ":")
            if place == 0 { lines.add("h=\(text)", after: " ") } else { lines.add(text, after: "") }
        }
        lines.add("bh=\(Data(bodyHash).base64EncodedString());", after: " ")
        let text = "b=\(Data(signature).base64EncodedString())"
        for piece in text.chunked(Self.lastColumn - 1) { lines.addLine(piece) }
        return HeaderField(Self.name, lines.text)
    }

    private struct FoldedLines {
        private(set) var text = ""
        private var column: Int

        init(firstColumn: Int) { column = firstColumn }

        mutating func add(_ piece: String, after separator: String) {
            if column + separator.utf8.count + piece.utf8.count > SignatureField.lastColumn {
                addLine(piece)
            } else {
                text += separator + piece
                column += separator.utf8.count + piece.utf8.count
            }
        }

        mutating func addLine(_ piece: String) {
            text += "\r\n " + piece
            column = 1 + piece.utf8.count
        }
    }
}
