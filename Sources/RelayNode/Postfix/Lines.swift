extension String {
    /// The lines as Postfix tells them apart: by the line feed alone, so that a file from Windows keeps its carriage
    /// returns. (To Swift, both together are one character.)
    var lineFeedSeparated: [String] {
        var lines = unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

extension Character {
    /// C's isspace(): a carriage return of a file from Windows is white space to Postfix, and not part of a value.
    var isPostfixSpace: Bool {
        self == " " || self == "\t" || self == "\r" || self == "\u{0B}" || self == "\u{0C}"
    }
}
