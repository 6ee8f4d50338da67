package import Host
package import Resources
import SystemPackage

/// The state of the services before the agent's first change, kept so that `uninstall` can restore it.
package struct ServicesBefore: Sendable {
    /// The record. What is in it of a service was true before the agent came, and is never written anew.
    struct Record: Sendable, Equatable, Codable {
        static let currentFormat = 2

        /// The form of the file; the first one had none, and nothing but the services.
        var format = currentFormat
        /// Postfix and nginx, by their names; `nil` where the agent had been at work before it could be told.
        var services: [String: ServiceBefore]?
        var mailAgent = MailAgentBefore()
    }

    package static let services = ["postfix", "nginx"].map { ServiceName($0) }

    private let files: FileSystem
    private static let path = AgentTraces.state.appending("before.json")

    package init(files: FileSystem) {
        self.files = files
    }

    /// Writes down how Postfix and nginx are, unless that was done or the agent has been at work: later it is too late to
    /// tell. A record of a former version gets the form of this one.
    package func keep(_ board: ServiceBoard) async throws {
        if files.exists(Self.path) {
            guard let (record, format) = found(), format < Record.currentFormat else { return }
            return try file.write(record)
        }
        guard AgentTraces(files: files).originals.isEmpty else { return }
        let states = try await board.all()
        var before: [String: ServiceBefore] = [:]
        // The board knows only the node's services; others are left alone.
        for service in Self.services {
            guard let state = states[service] else { continue }
            before["\(service)"] = ServiceBefore(isEnabled: state.isEnabled, isActive: state.isActive)
        }
        var record = Record(services: before)
        // Postfix's own package may change it.
        record.mailAgent.alternative = MailAlternative(files: files).current()
        try file.write(record)
    }

    /// Adds what is about to be taken from another mail transfer agent; what was taken before is known already.
    func keep(_ taken: MailAgentBefore) throws {
        // A record that can't be read may be a newer version's, which has to find it again.
        guard var record = found()?.record ?? (files.exists(Self.path) ? nil : Record()) else { return }
        record.mailAgent.services.merge(taken.services) { known, _ in known }
        record.mailAgent.alternative = record.mailAgent.alternative ?? taken.alternative
        try file.write(record)
    }

    /// The kept record; `nil` where there is none, or where it can't be read.
    func read() -> Record? { found()?.record }

    /// The record and the form that it has in the file.
    private func found() -> (record: Record, format: Int)? {
        if let record = file.read() { return (record, record.format) }
        let first = StateFile<[String: ServiceBefore]>(Self.path, in: files).read()
        return first.map { (Record(services: $0), 1) }
    }

    private var file: StateFile<Record> { StateFile(Self.path, in: files) }
}
