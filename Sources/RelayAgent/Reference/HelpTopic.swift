/// A part of the reference: what `smtp-relay-agent help TOPIC` prints, and a section of units/REFERENCE.md.
package struct HelpTopic: Sendable {
    /// The name that a person asks for: `settings`.
    package let name: String
    /// The topic in one phrase, for the list of topics.
    package let abstract: String
    /// Paragraphs that stand before the table, in Markdown.
    let introduction: [String]
    /// The headings of the table's columns. A column without a heading holds a description.
    let columns: [String]
    /// The table's cells in Markdown. The first cell of a row is what the row is about.
    let rows: [[String]]

    /// Every topic there is. A further topic is a file with a value of this type, and one word here.
    package static let all = [settings, metrics, findings, errors]

    package static func named(_ name: String) -> HelpTopic? { all.first { $0.name == name } }
}

extension HelpTopic {
    /// The text for a terminal.
    package func text(width: Int) -> String {
        let paragraphs = introduction.map { Self.wrapped(Self.plain($0), width: width) }
        let entries = rows.map { row in
            let cells = zip(columns, row).dropFirst().filter { !$0.1.isEmpty }.map { heading, cell in
                let text = Self.plain(heading.isEmpty ? cell : "\(heading): \(cell)")
                return Self.wrapped(text, width: width, indentation: 4)
            }
            return ([Self.plain(row[0], quote: "") + "\n"] + cells).joined()
        }
        return (paragraphs + entries).joined(separator: "\n")
    }

    /// The text for the page: a section with a table.
    package var markdown: String {
        let paragraphs = introduction.map { "\($0)\n\n" }.joined()
        let lines = [columns, columns.map { _ in "---" }] + rows
        let table = lines.map { cells in "|" + cells.map { $0.isEmpty ? " |" : " \($0) |" }.joined() + "\n" }.joined()
        let title = name.prefix(1).uppercased() + name.dropFirst()
        return "## \(title)\n\n\(paragraphs)\(table)"
    }

    /// Markdown's code stands in quotes on a terminal.
    private static func plain(_ markdown: String, quote: String = "'") -> String {
        markdown.split(separator: "`", omittingEmptySubsequences: false).joined(separator: quote)
    }

    private static func wrapped(_ text: String, width: Int, indentation: Int = 0) -> String {
        let margin = String(repeating: " ", count: indentation)
        var lines: [String] = []
        var line = margin
        for word in text.split(separator: " ") {
            if line.count > margin.count, line.count + 1 + word.count > width {
                lines.append(line)
                line = margin
            }
            line += (line.count > margin.count ? " " : "") + word
        }
        return (lines + [line]).map { $0 + "\n" }.joined()
    }
}
