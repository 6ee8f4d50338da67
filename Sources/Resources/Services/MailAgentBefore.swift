package import Host
import SystemPackage

/// A service before the agent came.
package struct ServiceBefore: Sendable, Equatable, Codable, CustomStringConvertible {
    package let isEnabled: Bool
    package let isActive: Bool

    package init(isEnabled: Bool, isActive: Bool) {
        self.isEnabled = isEnabled
        self.isActive = isActive
    }

    package var description: String {
        "\(isActive ? "running" : "stopped"), \(isEnabled ? "enabled" : "not enabled")"
    }
}

/// The state of the host's former mail transfer agent, as far as it was taken away.
package struct MailAgentBefore: Sendable, Equatable, Codable {
    /// By their names.
    package var services: [String: ServiceBefore] = [:]
    /// `nil` where it was left alone.
    package var alternative: MailAlternative.Choice?

    package init() {}
}

/// `mta` of alternatives(8): whose the commands `sendmail` and `mailq` are.
package struct MailAlternative: Sendable {
    /// The program that the alternative stands for, and the origin of that choice.
    package struct Choice: Sendable, Equatable, Codable {
        /// A path.
        package let program: String
        /// Whether alternatives(8) chose it by the programs' priorities, and not a person.
        package let isAutomatic: Bool
    }

    static let link: FilePath = "/etc/alternatives/mta"
    static let tool: FilePath = "/usr/sbin/alternatives"
    /// Where the tool of the RPM distributions keeps its records, and Debian's; the first line is `auto` or `manual`.
    private static let records: [FilePath] = ["/var/lib/alternatives/mta", "/var/lib/dpkg/alternatives/mta"]

    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// `nil` where this host has no such alternative.
    package func current() -> Choice? {
        guard let program = files.linkTarget(of: Self.link) else { return nil }
        let record = Self.records.compactMap { try? files.bytes(at: $0) }.first ?? []
        return Choice(program: program, isAutomatic: record.starts(with: Array("auto\n".utf8)))
    }

    /// Restores the former choice.
    ///
    /// - Returns: Whether there was something to do.
    /// - Throws: A `CommandFailure`.
    package func restore(_ choice: Choice, _ runner: any CommandRunner) async throws -> Bool {
        guard current() != choice, files.isExecutable(Self.tool), files.exists(FilePath(choice.program)) else {
            return false
        }
        if choice.isAutomatic { _ = try await runner.runChecked(Command(Self.tool.string, ["--auto", "mta"])) }
        // By its own choice it may be Postfix, which was not there before.
        guard current()?.program != choice.program else { return true }
        _ = try await runner.runChecked(Self.setting(FilePath(choice.program)))
        return true
    }

    static func setting(_ program: FilePath) -> Command {
        Command(tool.string, ["--set", "mta", program.string])
    }
}
