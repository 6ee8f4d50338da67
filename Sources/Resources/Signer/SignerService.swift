package import Host
package import Reconcile
import RelayNode
import SystemPackage
package import Units

/// The signer in service: its keys, its unit, and a process that answers.
package struct SignerService: Resource {
    package let name = "signer"

    private let ring: SigningKeyRing
    private let isRequired: Bool
    private let unit: Units.Unit
    private let services: ServiceBoard
    private let probe: any SignerProbing
    private let files: FileSystem
    private let isOutdated: @Sendable (Int32) -> Bool
    private let warn: @Sendable (String) -> Void

    /// The time that a signer has to begin, on a busy host as well.
    private static let patience: Duration = .seconds(15)

    /// - Parameters:
    ///   - isRequired: Whether mail waits for the signer; otherwise a dead one is only a warning.
    ///   - isOutdated: Whether a process runs another program than the one that is installed.
    package init(
        _ ring: SigningKeyRing,
        isRequired: Bool,
        unit: Units.Unit,
        services: ServiceBoard,
        probe: any SignerProbing,
        files: FileSystem,
        isOutdated: @escaping @Sendable (Int32) -> Bool,
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.ring = ring
        self.isRequired = isRequired
        self.unit = unit
        self.services = services
        self.probe = probe
        self.files = files
        self.isOutdated = isOutdated
        self.warn = warn
    }

    /// The signer's name on every kind of host.
    package static let service = ServiceName(Units.signer.name)
    private var service: ServiceName { Self.service }
    private var keys: StateFile<SigningKeyRing> { SigningKeyRing.file(files) }

    package func check() async throws -> Check {
        var changes: [Change] = []
        let isKeyed = keys.read() == ring
        if !isKeyed { changes.append(Change(.file, "write the DKIM keys to \(SigningKeyRing.path)")) }
        let path = UnitFiles.path(of: unit)
        let isWritten = try files.file(at: path) == unit.snapshot
        if !isWritten { changes.append(Change(.file, "write \(path)")) }
        let state = try await services.state(of: service)
        if !state.isEnabled { changes.append(Change(.service, "enable \(service)")) }
        let isCurrent = state.isActive && isWritten && !(state.mainProcess.map(isOutdated) ?? false)
        let answers = isCurrent ? await probe.answers(port: SignerEndpoint.port) : false
        if !answers { changes.append(Change(.service, "\(state.isActive ? "restart" : "start") \(service)")) }
        guard !changes.isEmpty else { return .inSync }
        return .drifted(
            Drift(changes) {
                // The keys come first: the signer reads them when it begins.
                if !isKeyed {
                    try files.createDirectory(SigningKeyRing.folder.removingLastComponent())
                    try files.createDirectory(SigningKeyRing.folder, permissions: .onlyOwner)
                    try keys.write(ring)
                }
                if !isWritten { try files.replace(path, with: unit.text, attributes: unit.attributes) }
                try await services.change { manager in
                    if !isWritten { try await manager.definitionsChanged() }
                    if !state.isEnabled { try await manager.enable(service) }
                }
                if !answers { try await restart() }
            }
        )
    }

    /// Mail that does not wait for the signer is no reason to keep a node out of service.
    private func restart() async throws {
        do {
            try await services.change { try await $0.restart(service) }
            try await wait()
        } catch  where !isRequired && !(error is CancellationError) {
            warn("\(error)")
        }
    }

    private func wait() async throws {
        let deadline = ContinuousClock.now + Self.patience
        while !(await probe.answers(port: SignerEndpoint.port)) {
            guard ContinuousClock.now < deadline else {
                throw DeadSigner(port: SignerEndpoint.port)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

/// The signer of a node whose mail is not signed any more: nothing is left of it.
package struct FormerSigner: Resource {
    package let name = "signer"

    private let unit: Units.Unit
    private let services: ServiceBoard
    private let files: FileSystem

    package init(_ unit: Units.Unit, services: ServiceBoard, files: FileSystem) {
        self.unit = unit
        self.services = services
        self.files = files
    }

    /// Whether the host has anything of a signer.
    package var isThere: Bool {
        [UnitFiles.path(of: unit), SigningKeyRing.path].contains(where: files.exists)
    }

    package func check() async throws -> Check {
        guard isThere else { return .inSync }
        let service = SignerService.service
        return .drifted(
            Drift([Change(.service, "stop and remove \(service)"), Change(.file, "remove \(SigningKeyRing.path)")]) {
                try await services.change { manager in
                    if files.exists(UnitFiles.path(of: unit)) {
                        try await manager.disable(service)
                        try await manager.forget(service)
                    }
                    try files.remove(UnitFiles.path(of: unit))
                    try await manager.definitionsChanged()
                }
                try files.remove(SigningKeyRing.path)
                try files.removeDirectory(SignerCounts.folder)
                try files.remove(SigningKeyRing.publishedKeys)
            }
        )
    }
}
