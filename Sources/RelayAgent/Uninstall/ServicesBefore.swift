import FoundationEssentials
package import Host
package import Resources
import SystemPackage

/// How Postfix and nginx were before the agent's first change, kept so that they can be put back so.
package struct ServicesBefore: Sendable {
    /// A service before the agent came.
    package struct State: Sendable, Equatable, Codable {
        package let isEnabled: Bool
        package let isActive: Bool

        package init(isEnabled: Bool, isActive: Bool) {
            self.isEnabled = isEnabled
            self.isActive = isActive
        }
    }

    package static let services = ["postfix", "nginx"].map { ServiceName($0) }

    private let files: FileSystem
    private static let record = NodeTraces.state.appending("before.json")

    package init(files: FileSystem) {
        self.files = files
    }

    /// Writes down how they are, unless that was done or the agent has been at work: later it is too late to tell.
    package func keep(_ board: ServiceBoard) async throws {
        guard !files.exists(Self.record), NodeTraces(files: files).originals.isEmpty else { return }
        let states = try await board.all()
        var before: [String: State] = [:]
        // Of a service that is none of the node's, nothing is known, and it is left alone.
        for service in Self.services {
            guard let state = states[service] else { continue }
            before["\(service)"] = State(isEnabled: state.isEnabled, isActive: state.isActive)
        }
        try files.createDirectory(Self.record.removingLastComponent())
        try files.replace(Self.record, with: Array(try JSONEncoder().encode(before)), attributes: FileAttributes())
    }

    /// What was kept, by the services' names; `nil` where nothing was, or it can't be read.
    package func read() -> [String: State]? {
        guard let bytes = try? files.bytes(at: Self.record) else { return nil }
        return try? JSONDecoder().decode([String: State].self, from: Data(bytes))
    }
}
