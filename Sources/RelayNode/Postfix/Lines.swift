extension String {
    /// The lines as Postfix tells them apart: by the line feed alone, so that a file from Windows keeps its carriage
    /// returns. (To Swift, both together are one character.)
    var lineFeedSeparated: [String] {
        var lines = unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

extension Unicode.Scalar {
    /// C's isspace(): a carriage return of a file from Windows is white space to Postfix, and not part of a value.
    ///
    /// Scalars count, since to Swift a space and an accent that follows it are one character, and no space.
    var isPostfixSpace: Bool {
        self == " " || self == "\t" || self == "\r" || self == "\u{0B}" || self == "\u{0C}"
    }
}

extension String {
    /// Whether Postfix takes the line for part of the one before, unless it is blank or a comment.
    var isIndented: Bool { unicodeScalars.first?.isPostfixSpace ?? false }

    /// Whether the line counts for nothing: a comment may be indented.
    var isBlankOrComment: Bool {
        let first = unicodeScalars.first { !$0.isPostfixSpace }
        return first == nil || first == "#"
    }

    /// The words between white space.
    var postfixWords: [String] { unicodeScalars.split(whereSeparator: \.isPostfixSpace).map { String($0) } }

    /// The words between separators that are not in braces. A closing brace without an opening one is part of its word
    /// (mystrtok.c, mystrtokq).
    func wordsOutsideBraces(separatedBy isSeparator: (Unicode.Scalar) -> Bool) -> [String] {
        var words: [String] = []
        var word = ""
        var depth = 0
        for scalar in unicodeScalars {
            if depth == 0, isSeparator(scalar) {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            if scalar == "{" { depth += 1 } else if scalar == "}", depth > 0 { depth -= 1 }
            word.unicodeScalars.append(scalar)
        }
        return word.isEmpty ? words : words + [word]
    }

    /// A name and a value with white space around them dropped (split_nameval(3)); without a "=", all is the name.
    var nameAndValue: (name: String, value: String) {
        let pair = unicodeScalars.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let trimmed = pair.map { String($0).postfixWords.joined(separator: " ") }
        return (trimmed.first ?? "", trimmed.count == 2 ? trimmed[1] : "")
    }
}
