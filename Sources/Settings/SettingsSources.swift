import Vocabulary

/// Everywhere that settings come from. The first that has a value wins:
/// flag, environment, what `bootstrap` was given of these, instance tag, file, default.
package struct SettingsSources: Sendable {
    let file: SettingsFile?
    /// Why the file is missing here, though it exists.
    private let unreadable: (any Error)?
    let environment: [String: String]
    let launch: LaunchEnvironment
    private let flags: [String]
    /// Whether a key that nobody knows is left out.
    var ignoresUnknown = false

    /// - Parameters:
    ///   - file: `nil` where there is none.
    ///   - unreadable: Why the file, or what was kept of the launch, can't be read.
    ///   - environment: Variables that begin with `SMTP_RELAY_` count.
    ///   - launch: What was kept of the launch.
    ///   - flags: `KEY=VALUE`, as given to `--set`.
    package init(
        file: SettingsFile?,
        unreadable: (any Error)? = nil,
        environment: [String: String],
        launch: LaunchEnvironment = LaunchEnvironment(),
        flags: [String]
    ) {
        self.file = file
        self.unreadable = unreadable
        self.environment = environment
        self.launch = launch
        self.flags = flags
    }

    /// Reads all of them.
    ///
    /// - Parameter tags: The instance's tags; those that begin with `smtp-relay:` count. `nil` where they are not known yet.
    package func read(tags: [String: String]?) -> SettingsReading {
        let (entries, problems) = layers(tags: tags ?? [:])
        return SettingsReading(
            SettingEntries(entries),
            areTagsKnown: tags != nil,
            formProblems: problems,
            unreadable: unreadable
        )
    }

    /// The entries of all sources, the strongest first, and what is wrong with their form.
    private func layers(tags: [String: String]) -> ([SettingEntry], [SettingsProblem]) {
        var entries: [SettingEntry] = []
        var problems: [SettingsProblem] = []
        func add(_ text: String, as name: String, _ key: SettingKey?, _ source: ValueSource, known: [String]) {
            guard let key else {
                problems.append(.unknown(name, in: source, nearest: SettingKey.nearest(to: name, among: known)))
                return
            }
            do throws(InvalidValue) {
                entries.append(SettingEntry(key: key, value: try RawValue(text, as: key.form), source: source))
            } catch {
                problems.append(.invalid(key.name, in: source, error))
            }
        }

        // The last of several flags wins, as on every command line.
        for flag in flags.reversed() {
            let pair = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let source = ValueSource.flag(key: pair[0])
            guard pair.count == 2 else {
                problems.append(.unwanted(pair[0], in: source, "no value; write it as --set KEY=VALUE"))
                continue
            }
            add(pair[1], as: pair[0], SettingKey.named(pair[0]), source, known: SettingKey.all.map(\.name))
        }
        func add(_ variables: [String: String], from source: (String) -> ValueSource) {
            for (name, text) in variables.sorted(by: { $0.key < $1.key })
            where name.hasPrefix(SettingKey.variablePrefix) && name != SettingKey.fileVariable {
                let key = SettingKey.all.first { $0.variable == name }
                add(text, as: name, key, source(name), known: SettingKey.all.map(\.variable))
            }
        }
        add(environment) { .environment(variable: $0) }
        add(launch.variables) { .launch(variable: $0) }
        for (name, text) in tags.sorted(by: { $0.key < $1.key }) where name.hasPrefix(SettingKey.tagPrefix) {
            let key = SettingKey.all.first { $0.tag == name }
            if let key, key.precedesTags {
                let reason =
                    "the agent needs it before it can read the tags; set it in the file or as \(key.variable)"
                problems.append(.unwanted(key.name, in: .tag(name), reason))
                continue
            }
            add(text, as: name, key, .tag(name), known: SettingKey.all.map(\.tag))
        }
        if let file {
            entries += file.entries
            problems += file.problems
        }
        if ignoresUnknown { problems.removeAll(where: \.isUnknownKey) }
        return (entries, problems)
    }
}
