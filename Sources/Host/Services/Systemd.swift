import Vocabulary

/// systemd, through `systemctl`.
package struct Systemd: ServiceManager {
    private let runner: any CommandRunner
    /// The longest wait for a stop that another program has ordered. One that hangs must not keep a service down.
    private let patienceWithStops: Duration

    /// The full path of the program, whatever PATH names.
    private static let program = "/usr/bin/systemctl"

    package init(runner: any CommandRunner, patienceWithStops: Duration = .seconds(10)) {
        self.runner = runner
        self.patienceWithStops = patienceWithStops
    }

    package func states(of services: [ServiceName]) async throws(ServiceFailure) -> [ServiceName: ServiceState] {
        let properties = "--property=Id,LoadState,ActiveState,UnitFileState,MainPID"
        let output = try await systemctl(
            "ask systemd for the state of \(services.map(\.description).joined(separator: ", "))",
            ["show", properties] + services.map(Self.unit)
        )
        let blocks = output.standardOutput.split(separator: "\n\n").map(Self.properties)
        var states: [ServiceName: ServiceState] = [:]
        // The answers come in the order of the question; Id may be another name where a unit is an alias.
        for (service, block) in zip(services, blocks) {
            states[service] = ServiceState(
                isInstalled: block["LoadState"] == "loaded",
                isEnabled: Self.enabledStates.contains(block["UnitFileState"] ?? ""),
                isActive: Self.activeStates.contains(block["ActiveState"] ?? ""),
                isStarting: block["ActiveState"] == "activating",
                isStopping: block["ActiveState"] == "deactivating",
                mainProcess: block["MainPID"].flatMap { Int32($0) }.flatMap { $0 > 0 ? $0 : nil }
            )
        }
        return states
    }

    package func enable(_ service: ServiceName) async throws(ServiceFailure) {
        _ = try await systemctl("enable \(service)", ["enable", Self.unit(service)])
    }

    package func disable(_ service: ServiceName) async throws(ServiceFailure) {
        // 'disable --now' does not stop a script of System V's, and systemd before 220 does not know it.
        try await stop(service)
        _ = try await systemctl("disable \(service)", ["disable", Self.unit(service)])
    }

    package func startLater(_ service: ServiceName) async throws(ServiceFailure) {
        try await bringUp("start", service, ["--no-block"])
    }

    package func start(_ service: ServiceName) async throws(ServiceFailure) {
        try await bringUp("start", service)
    }

    package func stop(_ service: ServiceName) async throws(ServiceFailure) {
        try await act("stop", on: service)
    }

    package func reload(_ service: ServiceName) async throws(ServiceFailure) {
        // Somebody may have stopped it meanwhile, which leaves nothing to reload.
        try await bringUp("reload-or-restart", service)
    }

    package func restart(_ service: ServiceName) async throws(ServiceFailure) {
        try await bringUp("restart", service)
    }

    package func isShuttingDown() async -> Bool {
        // Its status is not 0 for every state but one, so it says nothing here.
        let output = try? await runner.run(Command(Self.program, ["is-system-running"], timeout: .seconds(10)))
        return output?.standardOutput.hasPrefix("stopping") ?? false
    }

    package func definitionsChanged() async throws(ServiceFailure) {
        _ = try await systemctl("reload systemd's unit files", ["daemon-reload"])
    }

    package func forgetFailures(of service: ServiceName) async throws(ServiceFailure) {
        // A unit that was never loaded has none, which is an error to systemd alone.
        let command = Command(Self.program, ["reset-failed", Self.unit(service)])
        do {
            _ = try await runner.run(command)
        } catch {
            throw ServiceFailure(operation: "let systemd forget failures of \(service)", cause: error)
        }
    }

    /// Waits for a stop that somebody has ordered before this order or while it is carried out. To break the stop off would
    /// make that program fail.
    private func bringUp(
        _ verb: String,
        _ service: ServiceName,
        _ options: [String] = []
    ) async throws(ServiceFailure) {
        let deadline = ContinuousClock.now + patienceWithStops
        repeat {
            do {
                return try await act(verb, ["--job-mode=fail"] + options, on: service)
            } catch {
                guard error.cause.isOfConflictingJob else { throw error }
                // The stop of a system that goes down has no end.
                if await isShuttingDown() { throw error }
                guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { throw error }
            }
        } while ContinuousClock.now < deadline
        try await act(verb, options, on: service)
    }

    private func act(
        _ verb: String,
        _ options: [String] = [],
        on service: ServiceName
    ) async throws(ServiceFailure) {
        do {
            _ = try await systemctl("\(verb) \(service)", [verb] + options + [Self.unit(service)])
        } catch {
            guard !error.cause.isOfConflictingJob else { throw error }
            let status = try? await runner.run(
                Command(Self.program, ["status", "--no-pager", "--full", "--lines=12", Self.unit(service)])
            )
            throw ServiceFailure(
                operation: error.operation,
                cause: error.cause,
                log: status?.tail(12) ?? "see: \(commands.log(of: service))"
            )
        }
    }

    private func systemctl(_ operation: String, _ arguments: [String]) async throws(ServiceFailure) -> CommandOutput {
        do {
            return try await runner.runChecked(Command(Self.program, arguments, timeout: Self.patience))
        } catch {
            throw ServiceFailure(operation: operation, cause: error)
        }
    }

    /// The health unit may take 150 s to start.
    private static let patience: Duration = .seconds(160)

    private static func unit(_ service: ServiceName) -> String {
        service.description.contains(".") ? service.description : "\(service).service"
    }

    private static func properties(_ block: Substring) -> [Substring: String] {
        var properties: [Substring: String] = [:]
        for line in block.split(separator: "\n") {
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { properties[pair[0]] = String(pair[1]) }
        }
        return properties
    }

    private static let enabledStates: Set = ["enabled", "enabled-runtime", "static", "indirect", "generated"]
    private static let activeStates: Set = ["active", "reloading"]
}

extension CommandFailure {
    /// Whether systemd refused an order because another one is under way that it would break off (systemctl(1), --job-mode),
    /// or broke it off for another one.
    fileprivate var isOfConflictingJob: Bool {
        guard case .status(let output) = reason else { return false }
        return output.standardError.contains("destructive") || output.standardError.contains("canceled.")
    }
}
