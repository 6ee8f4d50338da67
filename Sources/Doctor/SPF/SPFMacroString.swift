import Vocabulary

/// A text with macros in it (RFC 7208, section 7.1), as it is written.
struct SPFMacroString: Sendable, Equatable {
    enum Part: Sendable, Equatable {
        case literal(String)
        case macro(SPFMacro)
        /// `%%`, `%_` and `%-`, with the characters that they are for.
        case escape(String)
    }

    /// The places that may have a macro string.
    enum Place {
        /// The value of a mechanism or modifier.
        case term
        /// The text of an explanation, which may have spaces, and further letters.
        case explanation
    }

    let parts: [Part]

    init(_ text: some StringProtocol, in place: Place) throws(SPFFault) {
        var parts: [Part] = []
        var rest = Substring(text)
        while let first = rest.first {
            guard first == "%" else {
                let literal = rest.prefix { $0 != "%" }
                // Spaces end a term; only the text of an explanation can have them.
                guard literal.utf8.allSatisfy({ (0x21...0x7E).contains($0) || $0 == 0x20 && place == .explanation })
                else {
                    throw SPFFault("it has a character that is not visible ASCII")
                }
                parts.append(.literal(String(literal)))
                rest = rest[literal.endIndex...]
                continue
            }
            rest = rest.dropFirst()
            switch rest.popFirst() {
            case "%": parts.append(.escape("%"))
            case "_": parts.append(.escape(" "))
            case "-": parts.append(.escape("%20"))
            case "{":
                guard let end = rest.firstIndex(of: "}") else { throw SPFFault("a macro has no end: '%{\(rest)'") }
                parts.append(.macro(try SPFMacro(rest[..<end], in: place)))
                rest = rest[rest.index(after: end)...]
            default: throw SPFFault("'%' stands for itself only as '%%'")
            }
        }
        self.parts = parts
    }

    /// Reads a name, which ends in a macro or in a label that is no number, after a dot (`domain-spec`).
    init(domain text: some StringProtocol) throws(SPFFault) {
        guard !text.isEmpty else { throw SPFFault("it names no domain") }
        try self.init(text, in: .term)
        guard case .literal(let end) = parts.last else { return }
        let name = end.hasSuffix(".") ? end.dropLast() : Substring(end)
        guard let dot = name.lastIndex(of: "."), Self.isTopLabel(name[name.index(after: dot)...]) else {
            throw SPFFault("'\(text)' is not a domain name")
        }
    }

    private static func isTopLabel(_ label: Substring) -> Bool {
        !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
            && label.utf8.allSatisfy(\.isLetterDigitOrHyphen) && !label.utf8.allSatisfy(\.isDigit)
    }

    /// Whether the name of the sending address has to be known.
    var needsValidatedName: Bool {
        parts.contains { if case .macro(let macro) = $0 { macro.letter == "p" } else { false } }
    }

    /// The text with the macros' values.
    func expanded(_ values: SPFMacroValues) -> String {
        parts.map { part in
            switch part {
            case .literal(let text), .escape(let text): text
            case .macro(let macro): macro.expanded(values)
            }
        }.joined()
    }
}
