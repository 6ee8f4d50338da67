package import Vocabulary

/// Settings as they were when they were right last: their sources, as far as a later process can't read them anew.
package struct KeptSettings: Sendable, Equatable, Codable {
    /// The settings' file; `nil` where there was none.
    package let path: String?
    package let text: String?
    /// Variables that begin with `SMTP_RELAY_`.
    package let variables: [String: String]
    /// The instance's tags that begin with `smtp-relay:`.
    package let tags: [String: String]
    /// The version of the fleet's settings; `nil` where there was none.
    package let fleet: FleetDocument?

    package init(
        path: String?,
        text: String?,
        variables: [String: String],
        tags: [String: String],
        fleet: FleetDocument? = nil
    ) {
        self.path = path
        self.text = text
        self.variables = variables
        self.tags = tags
        self.fleet = fleet
    }

    /// The same without the keys that this version does not know: a newer one may have kept them.
    package var known: SettingsSources {
        var sources = sources
        sources.ignoresUnknown = true
        // An earlier version has kept them, by its own rules.
        sources.trustsTags = true
        return sources
    }

    package var sources: SettingsSources {
        let file: SettingsFile? = if let path, let text { SettingsFile(path: path, text: text) } else { nil }
        return SettingsSources(file: file, environment: variables, flags: []).with(fleet: fleet)
    }

    /// Whether they go by a tag that is refused today: an earlier version has kept them.
    package var needsTrust: Bool { !sources.read(tags: tags).tagProblems.isEmpty }
}

extension SettingsSources {
    /// - Parameter tags: The instance's tags.
    package func kept(tags: [String: String]) -> KeptSettings {
        // The tags that are wrong were left out.
        let wrong = Set(read(tags: tags).tagProblems.compactMap(\.tag))
        let all = launch.variables.merging(environment) { _, own in own }
        return KeptSettings(
            path: file?.path,
            text: file?.text,
            variables: all.filter { $0.key.hasPrefix(SettingKey.variablePrefix) },
            tags: tags.filter { $0.key.hasPrefix(SettingKey.tagPrefix) && !wrong.contains($0.key) },
            fleet: fleet?.document
        )
    }
}
