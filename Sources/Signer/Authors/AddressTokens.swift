/// The lexical parts of an address list, without comments and white space (RFC 5322, section 3.2). Bytes above 127 are
/// part of an atom (RFC 6532).
enum AddressToken: Equatable {
    case atom([UInt8])
    case quoted([UInt8])
    /// `[...]`, with its brackets.
    case literal([UInt8])
    /// One of `<>@,;:.`
    case special(UInt8)

    /// - Returns: `nil` where a quote, comment or literal does not end, or a stray delimiter stands.
    static func tokens(of text: [UInt8]) -> [AddressToken]? {
        var scanner = Scanner(text: text[...])
        var tokens: [AddressToken] = []
        while let byte = scanner.text.first {
            switch byte {
            case .space, .tab, .carriageReturn, .lineFeed: scanner.text.removeFirst()
            case UInt8(ascii: "("):
                guard scanner.skipComment() else { return nil }
            case UInt8(ascii: "\""):
                guard let content = scanner.delimited(by: UInt8(ascii: "\"")) else { return nil }
                tokens.append(.quoted(content))
            case UInt8(ascii: "["):
                guard let content = scanner.delimited(by: UInt8(ascii: "]")) else { return nil }
                tokens.append(.literal([UInt8(ascii: "[")] + content + [UInt8(ascii: "]")]))
            case _ where specials.contains(byte):
                tokens.append(.special(byte))
                scanner.text.removeFirst()
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "\\"), 0...0x1F, 0x7F: return nil
            default: tokens.append(.atom(scanner.atom()))
            }
        }
        return tokens
    }

    private static let specials = Set("<>@,;:.".utf8)
    private static let atomEnds = Set("<>@,;:.()[]\"\\ ".utf8)

    private struct Scanner {
        var text: ArraySlice<UInt8>

        /// Comments nest; a counter takes the place of recursion, so that no depth can exhaust the stack.
        mutating func skipComment() -> Bool {
            var depth = 0
            while let byte = text.popFirst() {
                switch byte {
                case UInt8(ascii: "("): depth += 1
                case UInt8(ascii: ")"): depth -= 1
                case UInt8(ascii: "\\"): _ = text.popFirst()
                default: break
                }
                if depth == 0 { return true }
            }
            return false
        }

        /// The content up to the delimiter, without escapes and folds.
        mutating func delimited(by end: UInt8) -> [UInt8]? {
            text.removeFirst()
            var content: [UInt8] = []
            while let byte = text.popFirst() {
                switch byte {
                case end: return content
                case UInt8(ascii: "\\"):
                    guard let escaped = text.popFirst() else { return nil }
                    content.append(escaped)
                case .carriageReturn, .lineFeed: break
                default: content.append(byte)
                }
            }
            return nil
        }

        mutating func atom() -> [UInt8] {
            let atom = text.prefix { $0 > 0x20 && $0 != 0x7F && !AddressToken.atomEnds.contains($0) }
            text = text.dropFirst(atom.count)
            return Array(atom)
        }
    }
}
