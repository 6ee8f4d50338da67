import AgentLog
import ArgumentParser
import Glibc
import HTTP
import Host
import RelayAgent
import Settings
import SystemPackage
import Vocabulary

extension LogFormat: ExpressibleByArgument {}

/// The options that every command takes.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The settings' file (default: SMTP_RELAY_CONFIG, or /etc/smtp-relay-agent/config.toml if it exists).",
            valueName: "file"
        )
    )
    var configFile: String?

    @Option(
        name: .customLong("set"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "A setting that overrides all other sources, such as --set health.port=8080. Can be repeated.",
            valueName: "key=value"
        )
    )
    var assignments: [String] = []

    @Option(
        help: ArgumentHelp("The form of the log.", valueName: "format")
    )
    var logFormat: LogFormat = .auto

    /// The settings' file where no other one is named.
    private static let standardFile = "/etc/smtp-relay-agent/config.toml"

    /// All sources of settings as they are now. What can't be read is left out, and is a problem of theirs.
    ///
    /// - Parameter kept: What was kept of the launch when the command began.
    func sources(
        environment: [String: String],
        kept: LaunchEnvironment,
        files: FileSystem,
        memory: SettingsFileMemory
    ) -> SettingsSources {
        var (launch, file, unreadable) = (kept, SettingsFile?.none, (any Error)?.none)
        do {
            launch = try LaunchEnvironment(files: files)
            let variable = SettingKey.fileVariable
            file = try self.file(fileOption ?? environment[variable] ?? launch.variables[variable], memory)
        } catch {
            unreadable = error
        }
        return SettingsSources(
            file: file,
            unreadable: unreadable,
            environment: environment,
            launch: launch,
            flags: assignments
        )
    }

    /// `--config`, where it names a file.
    private var fileOption: String? { configFile.flatMap { FleetPlace.isMeant(by: $0) ? nil : $0 } }

    /// `--config`, where it names a place of the fleet's settings.
    var fleetPlace: FleetPlace? {
        get throws {
            guard let configFile, FleetPlace.isMeant(by: configFile) else { return nil }
            return try FleetPlace(configFile)
        }
    }

    /// Whether this command was given settings that the passes to come do not have.
    func hasOwnSettings(environment: [String: String], launch: LaunchEnvironment) -> Bool {
        if !assignments.isEmpty { return true }
        guard let configFile else { return false }
        let variable = SettingKey.fileVariable
        let standing = environment[variable] ?? launch.variables[variable] ?? Self.standardFile
        return canonical(configFile) != canonical(standing)
    }

    /// The settings' file that this command reads; `nil` where there is none.
    func settingsFile(environment: [String: String], files: FileSystem) -> String? {
        let named = configFile ?? environment[SettingKey.fileVariable]
        return named ?? (files.exists(FilePath(Self.standardFile)) ? Self.standardFile : nil)
    }

    /// The same options for another process of this program.
    var arguments: [String] {
        let file = configFile.map { ["--config", $0] } ?? []
        return file + assignments.flatMap { ["--set", $0] } + ["--log-format", logFormat.rawValue]
    }

    private func file(_ named: String?, _ memory: SettingsFileMemory) throws -> SettingsFile? {
        let path = named ?? Self.standardFile
        let files = FileSystem()
        // A file that was named must exist; the standard file may be missing.
        if named == nil, !files.exists(FilePath(path)) { return nil }
        return memory.file(path: path, bytes: try files.bytes(at: absolute(path)))
    }
}

/// A path as seen from the folder that the command was given in.
func absolute(_ path: String) -> FilePath {
    let given = FilePath(path)
    return given.isAbsolute ? given : FilePath("/proc/self/cwd").pushing(given)
}

/// A path that means the same from any folder.
func canonical(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
