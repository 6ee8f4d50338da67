import Host
import RelayNode
import SystemPackage

/// The programs that serve Postfix's doors, and their settings. Both must be Postfix's own.
struct ServerPrograms {
    private let files: FileSystem
    /// Where Postfix's own programs are: the daemon_directory that it was built with.
    private let own: FilePath
    /// Where its master looks for them.
    private let folder: FilePath

    /// - Throws: `RelayPolicyFailure.misled` where main.cf has other programs or settings, or a `CommandFailure`.
    static func current(_ main: MainCf, files: FileSystem, runner: any CommandRunner) async throws -> ServerPrograms {
        for (name, value) in main.values.sorted(by: { $0.key < $1.key })
        where leadsElsewhere(name, value, files: files) {
            throw RelayPolicyFailure.misled(parameter: name, value: value)
        }
        let output = try await runner.run(Command("postconf", ["-dh", "daemon_directory"]))
        let answer = output.status == 0 ? output.standardOutput.split(separator: "\n").last : nil
        // Where Postfix's own tool does not tell, a command by its path leads nowhere.
        let own = FilePath(answer.map(String.init) ?? "/nowhere")
        let named = main["daemon_directory"]
        let programs = ServerPrograms(files: files, own: own, folder: named.map { FilePath($0) } ?? own)
        if let named, !programs.areOwn { throw RelayPolicyFailure.misled(parameter: "daemon_directory", value: named) }
        return programs
    }

    /// Whether a command of master.cf leads to the program of that name that Postfix brought along.
    func isPostfixs(_ command: String) -> Bool {
        guard command.contains("/"), let name = command.split(separator: "/").last else { return true }
        // The master puts the one behind the other, whatever the command begins with (master(5)).
        return files.areSame(FilePath("\(folder)/\(command)"), own.appending(String(name)))
    }

    /// Whether the master finds Postfix's own programs under their names.
    private var areOwn: Bool {
        folder == own
            || Self.deciding.allSatisfy { name in
                let (found, expected) = (folder.appending(name), own.appending(name))
                return files.areSame(found, expected) || !files.exists(found) && !files.exists(expected)
            }
    }

    /// The programs that decide who may hand in mail, and the one that starts them.
    private static let deciding = ["master", "smtpd", "postscreen"]

    private static func leadsElsewhere(_ name: String, _ value: String, files: FileSystem) -> Bool {
        switch name {
        case "config_directory": !files.areSame(FilePath(value), LoadedConfiguration.folder)
        case "import_environment", "export_environment": setsForeign(value)
        default: false
        }
    }

    /// Whether it sets (postconf(5): `name=value`, also in braces) where Postfix finds its settings, or what the dynamic linker
    /// loads. A name of another parameter may stand for such a word.
    private static func setsForeign(_ value: String) -> Bool {
        if value.contains("$") { return true }
        let parts = value.split(separator: "=", omittingEmptySubsequences: false).dropLast()
        let names = parts.compactMap { $0.split { ", \t{}".contains($0) }.last }
        return names.contains { $0.hasPrefix("MAIL_") || $0.hasPrefix("LD_") }
    }
}
