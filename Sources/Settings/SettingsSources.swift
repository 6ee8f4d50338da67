package import Vocabulary

/// Everywhere that settings come from. The first that has a value wins:
/// flag, environment, what `bootstrap` was given of these, instance tag, file, default.
package struct SettingsSources: Sendable {
    let file: SettingsFile?
    let environment: [String: String]
    let launch: LaunchEnvironment
    private let flags: [String]
    /// Whether a key that nobody knows is left out.
    var ignoresUnknown = false

    /// - Parameters:
    ///   - file: `nil` where there is none.
    ///   - environment: Variables that begin with `SMTP_RELAY_` count.
    ///   - launch: What was kept of the launch.
    ///   - flags: `KEY=VALUE`, as given to `--set`.
    package init(
        file: SettingsFile?,
        environment: [String: String],
        launch: LaunchEnvironment = LaunchEnvironment(),
        flags: [String]
    ) {
        self.file = file
        self.environment = environment
        self.launch = launch
        self.flags = flags
    }

    /// How to read metadata: needed before there are tags, so it can't come from them.
    package func metadataSettings() throws(SettingsProblems) -> NodeSettings.Metadata {
        let (layers, problems) = layers(tags: [:])
        guard problems.isEmpty else { throw SettingsProblems(problems: problems) }
        let reader = ValueReader(layers)
        guard let settings = reader.metadata() else { throw SettingsProblems(problems: reader.problems) }
        return settings
    }

    /// How to read metadata, with the default in place of an invalid value, which the caller reports.
    package func metadataSettingsOrStandard() -> NodeSettings.Metadata {
        ValueReader(layers(tags: [:]).0).metadata() ?? NodeSettings.Metadata()
    }

    /// How long `bootstrap` may take in all. An invalid setting counts as the default; the caller reports it.
    package func bootstrapTimeout() -> Duration {
        ValueReader(layers(tags: [:]).0).bootstrapTimeout() ?? .seconds(1200)
    }

    /// The lifecycle hook and the stack that wait for the result of `bootstrap`. Other settings may be invalid; the caller
    /// reports that.
    package func launch(tags: [String: String]) -> NodeSettings.Launch {
        ValueReader(layers(tags: tags).0).launch()
    }

    /// What the host is to be, also where other settings are wrong.
    package func roleName() -> RoleName { ValueReader(layers(tags: [:]).0).role() }

    /// What the host is to be, with all that a host needs that sends: it knows of no tags.
    ///
    /// - Throws: All that is wrong with it, at once.
    package func role() throws(SettingsProblems) -> Role {
        let (layers, problems) = layers(tags: [:])
        let reader = ValueReader(layers)
        guard reader.role() == .sender else { return .relay }
        let settings = reader.sender()
        let all = problems + reader.problems
        guard all.isEmpty, let settings else { throw SettingsProblems(problems: all) }
        return .sender(ResolvedSettings(settings: settings, values: reader.values(of: .sender)))
    }

    /// The settings in force of a relay.
    ///
    /// - Parameter tags: The instance's tags; those that begin with `smtp-relay:` count.
    /// - Throws: All that is wrong, at once.
    package func resolve(tags: [String: String]) throws(SettingsProblems) -> ResolvedSettings<NodeSettings> {
        let (layers, problems) = layers(tags: tags)
        let reader = ValueReader(layers)
        _ = reader.role()
        let settings = reader.settings()
        let all = problems + reader.problems
        guard all.isEmpty, let settings else { throw SettingsProblems(problems: all) }
        return ResolvedSettings(settings: settings, values: reader.values(of: .relay))
    }

    /// All that is wrong; where the tags are not known, a required setting may still come from them.
    package func check(tags: [String: String]?) -> [SettingsProblem] {
        let (layers, problems) = layers(tags: tags ?? [:])
        let reader = ValueReader(layers, requiresAll: tags != nil)
        switch reader.role() {
        case .relay: _ = reader.settings()
        case .sender: _ = reader.sender()
        }
        return problems + reader.problems
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
