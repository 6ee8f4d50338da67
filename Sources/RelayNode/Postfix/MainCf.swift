/// Postfix's main.cf, edited in place: comments, order and settings that are not the agent's stay.
///
/// It reads a file as Postfix does (postconf(5)): a line that begins with white space continues the one before, blank
/// lines and comments count for nothing wherever they stand, and of several definitions the last one wins.
package struct MainCf: Sendable, Equatable {
    private var lines: [String]

    package init(_ text: String) {
        self.lines = text.lineFeedSeparated
    }

    package var text: String { lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n" }

    /// The value of each parameter that the file sets, as the subscript gives it.
    package var values: [String: String] {
        allValues.compactMapValues(\.last)
    }

    /// The values of all definitions of each parameter that the file sets, in their order.
    var allValues: [String: [String]] {
        Dictionary(grouping: definitions(), by: \.name).mapValues { $0.map(\.value) }
    }

    /// The value that Postfix takes for a parameter, without expanding `$name`, its white space folded; `nil` where
    /// the file does not set it.
    package subscript(_ name: String) -> String? {
        lastDefinition(of: name)?.value
    }

    /// Sets a parameter where it is not set so already: at its last definition, or at the end of the file.
    ///
    /// One definition stays. Each process of Postfix warns of a second one in the log, and the file would grow with each run of a
    /// program that appends its own.
    ///
    /// - Parameter isAnnounced: Whether a comment says whose the parameters there are.
    package mutating func set(_ name: String, to value: String, isAnnounced: Bool = true) {
        let all = definitions(of: name)
        guard let kept = all.first(where: { $0.value == value }) ?? all.last else {
            if isAnnounced { announce() }
            return lines.append(Self.line(name, value))
        }
        var unwanted = all.filter { $0.first != kept.first }.flatMap(\.indices)
        if kept.value != value {
            lines[kept.first] = Self.line(name, value)
            unwanted += kept.continuations
        }
        for index in unwanted.sorted(by: >) { lines.remove(at: index) }
    }

    /// Parameters that count only for a time stand in a part of their own, at the file's end.
    ///
    /// A line that such a parameter replaces stays where it is as a comment, and counts again later. Postfix would take
    /// the last of two definitions, too, but with a warning in the log by each of its processes.
    package enum Part: String, Sendable, CaseIterable {
        /// Parameters that the settings ask for, and that would not be there without them.
        case settings = "# smtp-relay-agent: as its settings ask for."
        /// The operator's own parameters in the settings.
        case section = "# smtp-relay-agent: as [postfix] of its settings has it."
        /// Parameters that hold while the node leaves.
        case evacuation = "# smtp-relay-agent: this node leaves, and hands its mail to the other relays."

        /// The start of a line that does not count beside this part.
        fileprivate var aside: String {
            switch self {
            case .settings: "# smtp-relay-agent's settings set this aside: "
            case .section: "# [postfix] of smtp-relay-agent's settings sets this aside: "
            case .evacuation: "# smtp-relay-agent, until this node is back: "
            }
        }

        fileprivate static func isSetAside(_ line: String) -> Bool {
            allCases.contains { line.hasPrefix($0.aside) }
        }
    }

    /// The same file with a part of these parameters; without any, the part is gone.
    package func with(_ part: Part, _ parameters: [(name: String, value: String)]) -> MainCf {
        var file = self
        var end: Int?
        while let start = file.lines.firstIndex(of: part.rawValue) {
            end = end ?? start
            let rest = file.lines[(start + 1)...]
            let last = rest.firstIndex { $0.isEmpty || $0.hasPrefix("#") && !Part.isSetAside($0) } ?? rest.endIndex
            // A part without its last line may be followed by lines of an operator.
            let isWhole = last < rest.endIndex && rest[last] == Self.endOfPart
            file.lines.removeSubrange(start...(isWhole ? last : start))
        }
        let aside = file.lines.indices.filter { file.lines[$0].hasPrefix(part.aside) }
        for index in aside { file.lines[index].removeFirst(part.aside.count) }
        if let end { file.forget(aside, thatComeAgainFrom: end) }
        guard !parameters.isEmpty else { return file }
        let names = Set(parameters.map(\.name))
        for index in file.definitions().filter({ names.contains($0.name) }).flatMap(\.indices) {
            file.lines[index] = part.aside + file.lines[index]
        }
        file.lines.append(part.rawValue)
        file.lines += parameters.map { Self.line($0.name, $0.value) }
        file.lines.append(Self.endOfPart)
        return file
    }

    /// Takes out definitions that were set aside and stand at the file's end once more: the file would grow with each run of a
    /// program that appends the same line.
    ///
    /// - Parameters:
    ///   - aside: The indices of the lines that were set aside.
    ///   - end: The index of the first line that was added since.
    private mutating func forget(_ aside: [Int], thatComeAgainFrom end: Int) {
        guard !aside.isEmpty else { return }
        let (known, new) = (definitions().filter { aside.contains($0.first) }, definitions().filter { $0.first >= end })
        let again = known.filter { old in
            new.contains { $0.first > old.first && $0.name == old.name && $0.value == old.value }
        }
        for index in again.flatMap(\.indices).sorted(by: >) { lines.remove(at: index) }
    }

    /// The same file without the agent's parts: what they set aside counts again.
    var withoutParts: MainCf { leaving(nil).with(.section, []).with(.settings, []) }

    /// The parameters in a part; none where the file does not have it.
    package func parameters(in part: Part) -> [String: String] {
        guard let start = lines.firstIndex(of: part.rawValue) else { return [:] }
        let rest = lines[(start + 1)...]
        let end = rest.firstIndex { $0.isEmpty || $0.hasPrefix("#") && !Part.isSetAside($0) } ?? rest.endIndex
        return MainCf(lines[(start + 1)..<end].joined(separator: "\n")).values
    }

    /// The same file with parameters as another file has them, and without those that it has not. The line that says whose
    /// they are goes.
    func with(_ names: [String], as other: MainCf) -> MainCf {
        var file = self
        for name in names {
            let (mine, theirs) = (file.definitions(of: name), other.definitions(of: name))
            guard let position = mine.first?.first, mine.map(\.value) != theirs.map(\.value) else { continue }
            for index in mine.flatMap(\.indices).reversed() { file.lines.remove(at: index) }
            file.lines.insert(contentsOf: theirs.flatMap(\.indices).map { other.lines[$0] }, at: position)
        }
        if let header = file.lines.firstIndex(of: Self.header) {
            file.lines.remove(at: header)
            if header > 0, file.lines[header - 1].isEmpty { file.lines.remove(at: header - 1) }
        }
        return file
    }

    private mutating func announce() {
        if !lines.contains(Self.header) { lines += lines.isEmpty ? [Self.header] : ["", Self.header] }
    }

    private static func line(_ name: String, _ value: String) -> String {
        value.isEmpty ? "\(name) =" : "\(name) = \(value)"
    }

    private static let endOfPart = "# smtp-relay-agent: so far."
    private static let header = "# Managed by smtp-relay-agent, as are its settings above; edits of them are undone."

    /// A logical line that sets a parameter.
    private struct Definition {
        let name: String
        var value: String
        /// The index of its first line.
        let first: Int
        /// The indices of the lines that continue it.
        var continuations: [Int] = []
        /// The indices of all its lines, in their order.
        var indices: [Int] { [first] + continuations }
    }

    private func definitions(of name: String) -> [Definition] {
        // The white space within a name may be another one in the line.
        let word = name.utf8.prefix { $0 != UInt8(ascii: " ") }
        return definitions { $0.utf8.starts(with: word) }.filter { $0.name == name }
    }

    private func lastDefinition(of name: String) -> Definition? { definitions(of: name).last }

    /// The names of all parameters that the file sets.
    var names: Set<String> { Set(definitions().map(\.name)) }

    /// - Parameter isWanted: Whether the definition that begins with a line counts. Taking a line apart is what costs.
    private func definitions(where isWanted: (String) -> Bool = { _ in true }) -> [Definition] {
        var definitions: [Definition] = []
        var isInWanted = false
        for (index, line) in lines.enumerated() where !line.isBlankOrComment {
            if !line.isIndented {
                isInWanted = isWanted(line)
                guard isInWanted else { continue }
                let (name, value) = line.nameAndValue
                definitions.append(Definition(name: name, value: value, first: index))
            } else if isInWanted, var last = definitions.popLast() {
                last.value = "\(last.value) \(line)".postfixWords.joined(separator: " ")
                last.continuations.append(index)
                definitions.append(last)
            }
        }
        return definitions
    }
}
