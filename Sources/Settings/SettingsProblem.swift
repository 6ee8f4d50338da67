import Vocabulary

/// One thing that is wrong with the settings.
package struct SettingsProblem: Sendable, Equatable, CustomStringConvertible {
    /// The source, the key, the value and the cure, on one line.
    package let description: String

    /// Whether it is only that nobody knows the key, as one of a newer version.
    let isUnknownKey: Bool
    /// Whether the instance's tags may have what is missing.
    let isCuredByTag: Bool

    private init(_ description: String, isUnknownKey: Bool = false, isCuredByTag: Bool = false) {
        self.description = description
        self.isUnknownKey = isUnknownKey
        self.isCuredByTag = isCuredByTag
    }

    /// The settings' file, or what was kept of the launch, can't be read.
    static func unreadable(_ failure: any Error) -> SettingsProblem { SettingsProblem("\(failure)") }

    static func syntax(_ path: String, line: Int, column: Int, _ reason: String) -> SettingsProblem {
        SettingsProblem("\(path):\(line):\(column): not TOML: \(reason.escapedForDisplay)")
    }

    static func unknown(_ name: String, in source: ValueSource, nearest: String?) -> SettingsProblem {
        let hint = nearest.map { "; did you mean '\($0)'?" } ?? "; 'smtp-relay-agent help settings' lists all keys"
        return SettingsProblem("\(source): unknown key '\(name.escapedForDisplay)'\(hint)", isUnknownKey: true)
    }

    static func invalid(_ key: String, in source: ValueSource, _ value: InvalidValue) -> SettingsProblem {
        SettingsProblem("\(source): \(key): \(value)")
    }

    static func unwanted(_ key: String, in source: ValueSource, _ reason: String) -> SettingsProblem {
        SettingsProblem("\(source): \(key.escapedForDisplay): \(reason)")
    }

    static func incomplete(_ key: String, in source: ValueSource, without other: String) -> SettingsProblem {
        SettingsProblem("\(source): \(key) is set, but \(other) is not; set both or neither", isCuredByTag: true)
    }

    static let missingRelayhost = SettingsProblem(
        """
        sender.relayhost: not set, so the agent does not know where this host's mail goes; set it in the file ([sender] \
        relayhost = "[relay.internal.example.com]:25") or as SMTP_RELAY_SENDER_RELAYHOST
        """
    )

    static func missing(_ key: SettingKey) -> SettingsProblem {
        SettingsProblem(
            """
            \(key.name): not set; set it in the file ([mail] domain = "example.com"), as \
            \(key.variable), or as the instance's tag \(key.tag)
            """,
            isCuredByTag: true
        )
    }
}

/// All that is wrong with the settings, so that it can be put right in one go.
package struct SettingsProblems: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [SettingsProblem]

    package init(problems: [SettingsProblem]) { self.problems = problems }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
