import Host
import Resources
import Settings
import SystemPackage
import Vocabulary

/// The settings and facts that a pass went by last without trouble, on disk: what protection and repair go by while the
/// settings are wrong or metadata does not answer, also in a process that has just begun.
struct LastGood: Sendable {
    let files: FileSystem

    /// It may name users and servers, so it is root's alone.
    private static let settingsPath: FilePath = "/var/lib/smtp-relay-agent/settings.json"
    /// The file is in /run: after a boot, the instance may be another one.
    private static let factsPath: FilePath = "/run/smtp-relay-agent/facts.json"

    var settings: StateFile<KeptSettings> { StateFile(Self.settingsPath, in: files, isSecret: true) }
    var facts: StateFile<InstanceFacts> { StateFile(Self.factsPath, in: files, isSecret: true) }

    func forgetSettings() throws { try files.remove(Self.settingsPath) }
}
