import ArgumentParser
import Glibc
import HTTP
import Host
import RelayAgent
import Settings
import SystemPackage

extension LogFormat: ExpressibleByArgument {}

/// The options that every command takes.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The settings' file (default: SMTP_RELAY_CONFIG, or /etc/smtp-relay-agent/config.toml, which may be missing).",
            valueName: "file"
        )
    )
    var configFile: String?

    @Option(
        name: .customLong("set"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Set one setting, above all other sources, such as --set health.port=8080. May be repeated.",
            valueName: "key=value"
        )
    )
    var assignments: [String] = []

    @Option(
        help: ArgumentHelp("How to write the log: auto, terminal, plain or json.", valueName: "format")
    )
    var logFormat: LogFormat = .auto

    /// Where the settings are looked for when nothing else is said.
    private static let standardFile = "/etc/smtp-relay-agent/config.toml"

    func sources(
        environment: [String: String],
        launch: LaunchEnvironment,
        memory: SettingsFileMemory
    ) throws -> SettingsSources {
        let variable = SettingKey.fileVariable
        let named = configFile ?? environment[variable] ?? launch.variables[variable]
        return SettingsSources(
            file: try file(named, memory),
            environment: environment,
            launch: launch,
            flags: assignments
        )
    }

    /// The settings' file that this command reads; `nil` where there is none.
    func settingsFile(environment: [String: String], files: FileSystem) -> String? {
        let named = configFile ?? environment[SettingKey.fileVariable]
        return named ?? (files.exists(FilePath(Self.standardFile)) ? Self.standardFile : nil)
    }

    /// Without the file, where it can't be read: for whoever is to be told that.
    func readableSources(
        environment: [String: String],
        launch: LaunchEnvironment,
        memory: SettingsFileMemory
    ) -> SettingsSources {
        (try? sources(environment: environment, launch: launch, memory: memory))
            ?? SettingsSources(file: nil, environment: environment, launch: launch, flags: assignments)
    }

    /// The same options for another process of this program.
    var arguments: [String] {
        let file = configFile.map { ["--config", $0] } ?? []
        return file + assignments.flatMap { ["--set", $0] } + ["--log-format", logFormat.rawValue]
    }

    private func file(_ named: String?, _ memory: SettingsFileMemory) throws -> SettingsFile? {
        let path = named ?? Self.standardFile
        let files = FileSystem()
        // A file that was named must be there; the standard one need not.
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
