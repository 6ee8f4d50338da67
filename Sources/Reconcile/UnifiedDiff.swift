/// The difference of two texts in the form that `diff -u` and `patch` use, with three lines of context.
package enum UnifiedDiff {
    /// - Parameters:
    ///   - current: The text as it is; `nil` where there is no file.
    ///   - wanted: The text as it should be.
    ///   - path: The file's absolute path.
    /// - Returns: The diff; empty where both are the same.
    package static func make(from current: String?, to wanted: String, path: String) -> String {
        let edits = script(from: lines(of: current ?? ""), to: lines(of: wanted))
        let hunks = hunks(of: edits)
        guard !hunks.isEmpty else { return "" }
        let header = ["--- \(current == nil ? "/dev/null" : path)", "+++ \(path)"]
        return (header + hunks.flatMap(\.self)).joined(separator: "\n") + "\n"
    }

    /// A line of either text: in both, or in one.
    private enum Edit {
        case keep(Substring)
        case remove(Substring)
        case insert(Substring)

        var isChange: Bool {
            if case .keep = self { return false }
            return true
        }
    }

    private static let context = 3

    private static func lines(of text: String) -> [Substring] {
        // Scalars count here: to Swift, a carriage return and a line feed are one character.
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { Substring($0) }
        if lines.last == "" {
            lines.removeLast()
        } else if let last = lines.popLast() {
            lines.append(Substring(last + "\n\\ No newline at end of file"))
        }
        return lines
    }

    private static func script(from old: [Substring], to new: [Substring]) -> [Edit] {
        let difference = new.difference(from: old)
        let removed = Set(difference.removals.map(Self.offset))
        let inserted = Set(difference.insertions.map(Self.offset))
        var edits: [Edit] = []
        var (oldIndex, newIndex) = (0, 0)
        while oldIndex < old.count || newIndex < new.count {
            if removed.contains(oldIndex) {
                edits.append(.remove(old[oldIndex]))
                oldIndex += 1
            } else if inserted.contains(newIndex) {
                edits.append(.insert(new[newIndex]))
                newIndex += 1
            } else {
                edits.append(.keep(old[oldIndex]))
                oldIndex += 1
                newIndex += 1
            }
        }
        return edits
    }

    private static func offset(of change: CollectionDifference<Substring>.Change) -> Int {
        switch change {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }

    private static func hunks(of edits: [Edit]) -> [[String]] {
        var ranges: [Range<Int>] = []
        for index in edits.indices where edits[index].isChange {
            let range = max(0, index - context)..<min(edits.count, index + context + 1)
            if let last = ranges.last, last.upperBound >= range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges.map { hunk(of: edits, in: $0) }
    }

    private static func hunk(of edits: [Edit], in range: Range<Int>) -> [String] {
        let before = counts(edits[..<range.lowerBound])
        let within = counts(edits[range])
        let oldStart = within.old == 0 ? before.old : before.old + 1
        let newStart = within.new == 0 ? before.new : before.new + 1
        let body = edits[range].map { edit in
            switch edit {
            case .keep(let line): " \(line)"
            case .remove(let line): "-\(line)"
            case .insert(let line): "+\(line)"
            }
        }
        return ["@@ -\(oldStart),\(within.old) +\(newStart),\(within.new) @@"] + body
    }

    private static func counts(_ edits: ArraySlice<Edit>) -> (old: Int, new: Int) {
        var counts = (old: 0, new: 0)
        for edit in edits {
            switch edit {
            case .keep:
                counts.old += 1
                counts.new += 1
            case .remove: counts.old += 1
            case .insert: counts.new += 1
            }
        }
        return counts
    }
}
