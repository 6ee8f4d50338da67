import Vocabulary

/// One thing that is wrong with the settings.
package struct SettingsProblem: Sendable, Equatable, CustomStringConvertible {
    /// The source, the key, the value and the cure, on one line.
    package let description: String

    /// Whether it is only that nobody knows the key, as one of a newer version.
    let isUnknownKey: Bool
    /// Whether the instance's tags, or the fleet's settings, may have what is missing.
    let isCuredElsewhere: Bool
    /// The tag that is wrong; `nil` where it is another source.
    let tag: String?

    private init(
        _ description: String,
        in source: ValueSource? = nil,
        isUnknownKey: Bool = false,
        isCuredElsewhere: Bool = false
    ) {
        self.description = description
        self.isUnknownKey = isUnknownKey
        self.isCuredElsewhere = isCuredElsewhere
        self.tag = if case .tag(let name)? = source { name } else { nil }
    }

    /// The settings' file, or what was kept of the launch, can't be read.
    static func unreadable(_ failure: any Error) -> SettingsProblem { SettingsProblem("\(failure)") }

    static func syntax(_ path: String, line: Int, column: Int, _ reason: String) -> SettingsProblem {
        SettingsProblem("\(path):\(line):\(column): not TOML: \(reason.escapedForDisplay)")
    }

    static func unknown(_ name: String, in source: ValueSource, nearest: String?) -> SettingsProblem {
        let hint = nearest.map { "; did you mean '\($0)'?" } ?? "; 'smtp-relay-agent help settings' lists all keys"
        let description = "\(source): unknown key '\(name.escapedForDisplay)'\(hint)"
        return SettingsProblem(description, in: source, isUnknownKey: true)
    }

    static func invalid(_ key: String, in source: ValueSource, _ value: InvalidValue) -> SettingsProblem {
        SettingsProblem("\(source): \(key): \(value)", in: source)
    }

    static func unwanted(_ key: String, in source: ValueSource, _ reason: String) -> SettingsProblem {
        SettingsProblem("\(source): \(key.escapedForDisplay): \(reason)", in: source)
    }

    static func incomplete(_ key: String, in source: ValueSource, without other: String) -> SettingsProblem {
        SettingsProblem(
            "\(source): \(key) is set, but \(other) is not; set both or neither",
            in: source,
            isCuredElsewhere: true
        )
    }

    /// A tag has what no tag may decide.
    static func notInTags(_ key: SettingKey, in source: ValueSource) -> SettingsProblem {
        let reason =
            switch key.suppliers {
            case .host: "the agent needs it before it can read the tags; remove the tag, and set it in the file"
            case .fleet, .fleetAndTags:
                """
                a tag may not decide where mail goes or who may relay, since ec2:CreateTags is not root; remove the tag, \
                and set it in the file, in the settings of the fleet,
                """
            }
        return .unwanted(key.name, in: source, "\(reason) or as \(key.variable)")
    }

    /// The settings of the fleet have what each host has for itself.
    static func notInFleet(_ key: SettingKey, in source: ValueSource) -> SettingsProblem {
        .unwanted(
            key.name,
            in: source,
            """
            a host needs it before it can read the settings of the fleet; set it in the host's own file or as \
            \(key.variable)
            """
        )
    }

    /// A host name in a tag could be that of a domain whose mail would end here.
    static func hostnameOutside(_ domain: String, in source: ValueSource) -> SettingsProblem {
        .unwanted(
            "mail.hostname",
            in: source,
            """
            a host name in a tag has to lie below mail.domain (\(domain)), which another source than a tag has to set: mail \
            for its host name ends on the node; change the tag, or set mail.hostname in the file
            """
        )
    }

    /// The fleet's settings are wanted, and no version is known.
    static func unreadFleet(_ place: FleetPlace) -> SettingsProblem {
        SettingsProblem(
            """
            fleet.settings: no version of \(place) was read yet; 'smtp-relay-agent reconcile' reads it on a relay
            """,
            isCuredElsewhere: true
        )
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
            \(key.variable), in the settings of the fleet, or as the instance's tag \(key.tag)
            """,
            isCuredElsewhere: true
        )
    }
}

/// All that is wrong with the settings, so that it can be put right in one go.
package struct SettingsProblems: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [SettingsProblem]

    package init(problems: [SettingsProblem]) { self.problems = problems }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
