package import Vocabulary

/// Everywhere that settings come from. The first that has a value wins:
/// flag, environment, what `bootstrap` was given of these, file, the fleet's settings, instance tag, default.
package struct SettingsSources: Sendable {
    let file: SettingsFile?
    /// Why the file is missing here, though it exists.
    private let unreadable: (any Error)?
    let environment: [String: String]
    let launch: LaunchEnvironment
    private let flags: [String]
    /// The fleet's settings, where a version is known.
    private(set) var fleet: FleetSource?
    /// Whether a key that nobody knows is left out.
    var ignoresUnknown = false
    /// Whether tags supply all keys, as they did for earlier versions of this program.
    var trustsTags = false

    /// The fleet's settings, and what they say.
    struct FleetSource: Sendable {
        let document: FleetDocument
        let file: SettingsFile
    }

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

    /// The same with a version of the fleet's settings.
    ///
    /// - Parameter file: The version as it was parsed before, where it was.
    package func with(fleet document: FleetDocument?, parsed file: SettingsFile? = nil) -> SettingsSources {
        var sources = self
        sources.fleet = document.map { document in
            FleetSource(document: document, file: file ?? SettingsFile(path: document.place, text: document.text))
        }
        return sources
    }

    /// The version of the fleet's settings; `nil` where none is known.
    package var fleetVersion: FleetDocument? { fleet?.document }

    /// The place of the fleet's settings; `nil` where there is none, or where it is wrong.
    package var fleetPlace: FleetPlace? {
        let entry = layers(tags: [:]).0.first { $0.key.name == "fleet.settings" }
        guard case .text(let text)? = entry?.value else { return nil }
        return try? FleetPlace(text)
    }

    /// Reads all of them.
    ///
    /// - Parameter tags: The instance's tags; those that begin with `smtp-relay:` count. `nil` where they are not known yet.
    package func read(tags: [String: String]?) -> SettingsReading {
        var reading = read(tags ?? [:], areTagsKnown: tags != nil)
        guard var kept = tags else { return reading }
        // A tag that is wrong is left out, and all else counts. That may show that another one is wrong, too.
        var wrong: [SettingsProblem] = []
        while !reading.tagProblems.isEmpty {
            wrong += reading.tagProblems
            for tag in reading.tagProblems.compactMap(\.tag) { kept[tag] = nil }
            reading = read(kept, areTagsKnown: true)
        }
        reading.tagProblems = wrong
        return reading
    }

    private func read(_ tags: [String: String], areTagsKnown: Bool) -> SettingsReading {
        let (entries, problems) = layers(tags: tags)
        return SettingsReading(
            SettingEntries(entries),
            areTagsKnown: areTagsKnown,
            fleet: fleet?.document,
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
        if let file {
            entries += file.entries
            problems += file.problems
        }
        if let fleet {
            for entry in fleet.file.entries {
                if entry.key.suppliers == .host {
                    problems.append(.notInFleet(entry.key, in: entry.source))
                } else {
                    entries.append(entry)
                }
            }
            problems += fleet.file.problems
        }
        for (name, text) in tags.sorted(by: { $0.key < $1.key }) where name.hasPrefix(SettingKey.tagPrefix) {
            let key = SettingKey.all.first { $0.tag == name }
            if let key, key.suppliers == .host || (key.suppliers == .fleet && !trustsTags) {
                problems.append(.notInTags(key, in: .tag(name)))
                continue
            }
            add(text, as: name, key, .tag(name), known: SettingKey.taggable.map(\.tag))
        }
        if ignoresUnknown { problems.removeAll(where: \.isUnknownKey) }
        return (entries, problems)
    }
}

extension SettingKey {
    /// The settings that a tag may supply.
    fileprivate static let taggable = all.filter { $0.suppliers == .fleetAndTags }
}
