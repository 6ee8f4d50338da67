import FoundationEssentials
import Host
import Settings
import SystemPackage
import Vocabulary

/// The settings and facts that a pass went by last without trouble, on disk: what protection and repair go by while the
/// settings are wrong or metadata does not answer, also in a process that has just begun.
struct LastGood: Sendable {
    let files: FileSystem

    /// It may name users and servers, so it is root's alone.
    private static let settings: FilePath = "/var/lib/smtp-relay-agent/settings.json"
    /// In /run: after a boot, the instance may be another one.
    private static let facts: FilePath = "/run/smtp-relay-agent/facts.json"

    func readSettings() -> KeptSettings? { read(Self.settings) }
    func readFacts() -> NodeFacts? { read(Self.facts) }

    func write(_ settings: KeptSettings) throws { try write(settings, to: Self.settings) }
    func write(_ facts: NodeFacts) throws { try write(facts, to: Self.facts) }

    func forgetSettings() throws { try files.remove(Self.settings) }

    private func read<Value: Decodable>(_ path: FilePath) -> Value? {
        guard let bytes = try? files.bytes(at: path) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: Data(bytes))
    }

    private func write(_ value: some Encodable, to path: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let bytes = Array(try encoder.encode(value))
        guard try files.file(at: path)?.bytes != bytes else { return }
        try files.createDirectory(path.removingLastComponent())
        try files.replace(path, with: bytes, attributes: FileAttributes(permissions: .ownerReadWrite))
    }
}
