package import Vocabulary

/// A status on a terminal, over the one before it.
package struct StatusScreen {
    private let columns: Int
    private let rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// The bytes that show the lines, and below them the time. The cursor ends on a line of its own, for the shell's prompt.
    ///
    /// - Parameter lines: The first lines are shown where not all fit.
    package func frame(_ lines: [String], at time: Timestamp) -> String {
        // The last row is the cursor's, and the one above it has the time.
        let room = max(1, rows - 2)
        let hidden = lines.count - room
        var shown = Array(lines.prefix(room))
        if rows > 2 { shown += [footer(time, hidden: hidden)] }
        let home = "\u{1B}[H"
        // Each line is erased before it is written: at the last column, that would erase the character there.
        let text = shown.map { "\u{1B}[K" + $0 }.joined(separator: "\n")
        return home + text + (rows > 1 ? "\n" : "") + "\u{1B}[J"
    }

    private func footer(_ time: Timestamp, hidden: Int) -> String {
        let rest = hidden > 0 ? "; \(hidden) more \(hidden == 1 ? "line" : "lines")" : ""
        return String("\(time)\(rest); Ctrl-C ends".prefix(columns))
    }
}
