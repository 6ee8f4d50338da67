/// Lays out a status in columns: labels at the left, values beside them, nothing wider than the terminal.
package struct StatusLayout {
    /// The width of output that no terminal shows.
    package static let usualWidth = 80
    /// Longer lines are hard to read, and in less than the smaller one no word fits.
    private static let sensibleWidths = 12...120
    /// Longer labels get a line of their own.
    private static let widestLabel = 24
    private static let gap = 2

    private let width: Int
    private let colours: Bool

    package init(width: Int, colours: Bool) {
        self.width = Self.sensible(width)
        self.colours = colours
    }

    static func sensible(_ width: Int) -> Int { min(max(width, sensibleWidths.lowerBound), sensibleWidths.upperBound) }

    func lines(of summary: NodeSummary) -> [String] {
        WrappedText.lines(summary.text, width: width, following: width - 2).enumerated().map { number, line in
            painted((number == 0 ? "" : "  ") + line, summary.standing, isBold: true)
        }
    }

    /// The sections, each below an empty line.
    func lines(of sections: [[StatusRow]]) -> [String] {
        let labels = sections.joined().map(\.label.count).filter { $0 <= Self.widestLabel }
        // A narrow terminal has no room for two columns.
        let column = width < 2 * Self.widestLabel ? Self.gap : (labels.max() ?? 0) + Self.gap
        return sections.filter { !$0.isEmpty }.flatMap { rows in
            [""] + rows.flatMap { lines(of: $0, column: column) }
        }
    }

    private func lines(of row: StatusRow, column: Int) -> [String] {
        let margin = String(repeating: " ", count: column)
        let values = WrappedText.lines(row.value, width: width - column).map { painted($0, row.standing) }
        guard row.label.count + Self.gap <= column else {
            return WrappedText.lines(row.label, width: width) + values.map { margin + $0 }
        }
        return values.enumerated().map { number, value in
            (number == 0 ? row.label + margin.dropFirst(row.label.count) : margin) + value
        }
    }

    private func painted(_ text: String, _ standing: Standing, isBold: Bool = false) -> String {
        guard colours, let colour = standing.colour else { return text }
        return "\u{1B}[\(isBold ? "1;" : "")\(colour)m\(text)\u{1B}[0m"
    }
}

/// A line of the table, however many it takes on a screen.
struct StatusRow: Equatable {
    let label: String
    let value: String
    let standing: Standing

    init(_ label: String, _ value: String, _ standing: Standing = .neutral) {
        self.label = label
        self.value = value
        self.standing = standing
    }
}
