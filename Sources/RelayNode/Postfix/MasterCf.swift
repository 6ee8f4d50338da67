/// Postfix's master.cf, edited in place.
///
/// An entry is a line of eight fields or more; lines that begin with white space continue it, and what stands in braces
/// is one field (master(5)).
package struct MasterCf: Sendable, Equatable {
    private var lines: [String]

    package init(_ text: String) {
        self.lines = text.lineFeedSeparated
    }

    package var text: String { lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n" }

    /// A service of Postfix's master.
    package struct Entry: Sendable, Equatable {
        /// Its name: for `inet` services a port, or an address and a port.
        package let service: String
        package let type: String
        package let command: String
        /// Its command line's words, as Postfix's master hands them over: without the braces around a whole word.
        package let arguments: [String]
        /// The indices of its lines.
        let lines: [Int]

        /// The daemon's own name, also where the command is a path: the master looks for it below `daemon_directory`, and
        /// a path may lead out of there and back.
        package var program: String { command.split(separator: "/").last.map(String.init) ?? command }

        /// The entry's service and command, the same for each way to write it.
        package var meaning: [String] { [service, type, command] + overrides.map { "\($0.name)=\($0.value)" } }

        /// The parameters that its options override, with their values: `-o name=value`, `-oname=value`, `-vo name=value`,
        /// in any of these `{ name = value }`, whose value may have spaces, and all of it in braces.
        package var overrides: [(name: String, value: String)] {
            options.compactMap { $0.letter == "o" ? ($0.value ?? "").withoutBraces.nameAndValue : nil }
        }

        /// The options of its command line as getopt(3) reads them; a word that is none has the letter `nil`.
        package var options: [(letter: Unicode.Scalar?, value: String?)] {
            var found: [(letter: Unicode.Scalar?, value: String?)] = []
            var rest = arguments[...]
            while let argument = rest.popFirst()?.unicodeScalars {
                guard argument.first == "-", argument.count > 1 else {
                    found.append((nil, String(argument)))
                    continue
                }
                var letters = argument.dropFirst()
                while let letter = letters.popFirst() {
                    guard Self.takesValue(letter) else {
                        found.append((letter, nil))
                        continue
                    }
                    // The value follows the letter, or is the next word.
                    found.append((letter, letters.isEmpty ? rest.popFirst() : String(letters)))
                    break
                }
            }
            return found
        }

        /// Whether it is one of the options of Postfix's servers that take a value (multi_server(3)).
        private static func takesValue(_ option: Unicode.Scalar) -> Bool {
            "imnost".unicodeScalars.contains(option)
        }
    }

    package var entries: [Entry] {
        var groups: [(indices: [Int], text: String)] = []
        for (index, line) in lines.enumerated() where !line.isBlankOrComment {
            if !line.isIndented {
                groups.append(([index], line))
            } else if let last = groups.popLast() {
                groups.append((last.indices + [index], last.text + line))
            }
        }
        return groups.compactMap { group in
            let words = group.text.bracedWords
            guard words.count >= 8 else { return nil }
            return Entry(
                service: words[0],
                type: words[1],
                command: words[7],
                arguments: words.dropFirst(8).map(\.withoutBraces),
                lines: group.indices
            )
        }
    }

    /// The same file without the services that another one has.
    package func without(servicesOf other: MasterCf) -> MasterCf {
        let known = Set(other.entries.map { [$0.service, $0.type, $0.command] })
        var file = self
        for entry in entries.reversed() where known.contains([entry.service, entry.type, entry.command]) {
            file.remove(entry)
        }
        return file
    }

    /// Whether Postfix's master can read the whole file (master(5)): it ends where it can't.
    package var isReadable: Bool {
        var text: [String] = []
        for line in lines where !line.isBlankOrComment {
            if line.isIndented, let last = text.popLast() { text.append(last + line) } else { text.append(line) }
        }
        return text.allSatisfy { Self.isEntry($0.bracedWords) }
    }

    private static func isEntry(_ words: [String]) -> Bool {
        guard words.count >= 8, types.contains(words[1]) else { return false }
        let flags = words[2...4].allSatisfy { ["-", "y", "n"].contains($0) }
        let wakeup = words[5].hasSuffix("?") ? String(words[5].dropLast()) : words[5]
        return flags && [wakeup, words[6]].allSatisfy { $0 == "-" || UInt32($0) != nil }
    }

    private static let types: Set = ["inet", "unix", "fifo", "pass", "unix-dgram"]

    /// The same file without the agent's entries, and with those of another file that had to go for them.
    ///
    /// - Parameter known: The file as the agent knew it last, where it did.
    /// - Returns: The file, and whether somebody has edited one of the agent's entries, which stays then.
    func restored(to other: MasterCf, knownAs known: MasterCf?) -> (MasterCf, isUnclear: Bool) {
        var file = self
        var isUnclear = false
        let destinations = (self.destinations + (known?.destinations ?? [])).map(\.entry)
        for wanted in PostfixConfiguration.ownEntries + destinations {
            let form = MasterCf(wanted.joined(separator: "\n")).entries[0]
            let theirs = other.entries.filter { Self.gives(way: $0, to: form) }
            let present = file.entries.filter { $0.service == form.service && $0.type == form.type }
            let isOthers = { (entry: Entry) in theirs.contains { other.text(of: $0) == file.text(of: entry) } }
            let mine = present.filter { file.text(of: $0) == wanted && !isOthers($0) }
            if mine.isEmpty {
                let wasMine = known.map { known in known.entries.contains { known.text(of: $0) == wanted } } ?? false
                isUnclear = isUnclear || wasMine && !present.allSatisfy(isOthers)
                continue
            }
            let position = mine[0].lines[0]
            for entry in mine.reversed() { file.remove(entry) }
            let missing = theirs.filter { entry in !file.entries.contains { file.text(of: $0) == other.text(of: entry) }
            }
            file.lines.insert(contentsOf: missing.flatMap(other.text), at: position)
        }
        return (file, isUnclear)
    }

    /// Whether an entry can't stay beside one of the agent's.
    private static func gives(way entry: Entry, to own: Entry) -> Bool {
        if entry.type == own.type, entry.service == own.service { return true }
        return own.service == "smtp" && entry.type == "inet" && Listener(entry.service).port == 25
    }

    func text(of entry: Entry) -> [String] { entry.lines.map { lines[$0] } }

    /// Takes an entry out.
    package mutating func remove(_ entry: Entry) {
        for index in entry.lines.sorted(by: >) { lines.remove(at: index) }
    }

    /// Takes a service's entry out, where it stands there in just these lines.
    package mutating func remove(_ service: String, _ type: String, where unwanted: [String]) {
        let matching = entries.filter { entry in
            entry.service == service && entry.type == type && entry.lines.map { lines[$0] } == unwanted
        }
        for entry in matching.reversed() { remove(entry) }
    }

    /// Puts a service's entry in place of the one of that name and type, or at the end.
    package mutating func set(_ service: String, _ type: String, to wanted: [String]) {
        let matching = entries.filter { $0.service == service && $0.type == type }
        if matching.count == 1, matching[0].lines.map({ lines[$0] }) == wanted { return }
        let position = matching.first?.lines.first ?? lines.count
        for index in matching.flatMap(\.lines).sorted(by: >) { lines.remove(at: index) }
        lines.insert(contentsOf: wanted, at: position)
    }
}

extension String {
    /// The words between white space that is not in braces (master(5): `-o { name = value }`).
    fileprivate var bracedWords: [String] { wordsOutsideBraces(separatedBy: \.isPostfixSpace) }

    /// The text between the braces around all of it, without the space beside them (master_ent.c: EXTPAR_FLAG_STRIP).
    fileprivate var withoutBraces: String {
        guard unicodeScalars.first == "{", unicodeScalars.last == "}" else { return self }
        var text = unicodeScalars.dropFirst().dropLast()
        while text.first?.isPostfixSpace == true { text.removeFirst() }
        while text.last?.isPostfixSpace == true { text.removeLast() }
        return String(text)
    }
}
