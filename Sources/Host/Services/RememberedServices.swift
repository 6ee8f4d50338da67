package import SystemPackage

/// A service manager whose last answer to a question is taken for the next one as long as nothing speaks against it.
///
/// A resident agent asks every minute, and `systemctl show` costs as much processor time as all the rest of a pass with
/// nothing to do. What would change the answer shows elsewhere for less: a main process that has ended, or another link
/// or file in the folders of its definitions.
package actor RememberedServices: ServiceManager {
    private let manager: any ServiceManager
    private let files: FileSystem
    /// By the question, since the passes and the doctor ask for other services.
    private var answers: [[ServiceName]: Answer] = [:]
    /// Counts how often the answers were forgotten: one that was asked for before that is not remembered after it.
    private var forgotten = 0

    private struct Answer {
        let states: [ServiceName: ServiceState]
        let definitions: String
        let time: ContinuousClock.Instant
    }

    /// The age at which an answer is asked for again; a timer has no process and no file that shows a change.
    private static let validity: Duration = .seconds(600)

    package nonisolated var system: ServiceSystem { manager.system }
    package nonisolated var commands: any ServiceCommands { manager.commands }
    /// The folders in which a unit is enabled, disabled or changed. The folders in it that hold the links change with
    /// them.
    package nonisolated var definitions: [FilePath] { manager.definitions }

    package init(_ manager: any ServiceManager, files: FileSystem) {
        self.manager = manager
        self.files = files
    }

    package func states(of services: [ServiceName]) async throws(ServiceFailure) -> [ServiceName: ServiceState] {
        if let last = answers[services], stands(last) { return last.states }
        answers[services] = nil
        // Taken before the question: what changes meanwhile speaks against the answer then.
        let definitions = definitionsEvidence()
        let forgottenBefore = forgotten
        var states = try await manager.states(of: services)
        for (service, process) in states.compactMapValues(\.mainProcess) {
            states[service]?.mainProcessStart = files.startTime(ofProcess: process)
        }
        if let definitions, forgotten == forgottenBefore, states.values.allSatisfy(\.isLasting) {
            answers[services] = Answer(states: states, definitions: definitions, time: .now)
        }
        return states
    }

    package func forgetStates() { clear() }

    private func clear() {
        answers = [:]
        forgotten += 1
    }

    package func enable(_ service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.enable(service) }
    }

    package func disable(_ service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.disable(service) }
    }

    package func start(_ service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.start(service) }
    }

    package func startLater(_ service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.startLater(service) }
    }

    package func stop(_ service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.stop(service) }
    }

    package func reload(_ service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.reload(service) }
    }

    package func restart(_ service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.restart(service) }
    }

    package func definitionsChanged() async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.definitionsChanged() }
    }

    package func forget(_ service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.forget(service) }
    }

    package func forgetFailures(of service: ServiceName) async throws(ServiceFailure) {
        try await order { manager throws(ServiceFailure) in try await manager.forgetFailures(of: service) }
    }

    package func isShuttingDown() async -> Bool { await manager.isShuttingDown() }

    /// Gives an order, which makes the last answers wrong, and those of meanwhile.
    private func order(
        _ give: @Sendable (any ServiceManager) async throws(ServiceFailure) -> Void
    ) async throws(ServiceFailure) {
        clear()
        defer { clear() }
        try await give(manager)
    }

    private func stands(_ answer: Answer) -> Bool {
        ContinuousClock.now - answer.time < Self.validity
            && definitionsEvidence() == answer.definitions
            && answer.states.values.allSatisfy { state in
                guard let process = state.mainProcess else { return true }
                return files.startTime(ofProcess: process) == state.mainProcessStart
            }
    }

    private func definitionsEvidence() -> String? {
        try? definitions.map { try files.fingerprint(of: $0) }.joined(separator: "\n")
    }
}

extension ServiceState {
    /// Whether something shows when it changes. A service that is starting or stopping changes soon, and one whose main
    /// process has ended since the answer has changed already.
    fileprivate var isLasting: Bool {
        !isStarting && !isStopping && (mainProcess == nil) == (mainProcessStart == nil)
    }
}
