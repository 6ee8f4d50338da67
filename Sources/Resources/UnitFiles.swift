package import Host
package import Reconcile
package import SystemPackage
package import Units

/// The agent's own units, or what a host without systemd has in their place, as this binary carries them.
package struct UnitFiles: Resource {
    package let name = "units"

    private let units: [Units.Unit]
    /// The units that come up with the system; the others are started by these.
    private let enabled: [ServiceName]
    /// The units that come up with the system, and are up from now on.
    private let running: [ServiceName]
    /// The units that are not to be up, now or after a boot.
    private let stopped: [ServiceName]
    private let services: ServiceBoard
    private let files: FileSystem

    package init(
        _ units: [Units.Unit],
        enabled: [ServiceName],
        running: [ServiceName],
        stopped: [ServiceName],
        services: ServiceBoard,
        files: FileSystem
    ) {
        self.units = units
        self.enabled = enabled
        self.running = running
        self.stopped = stopped
        self.services = services
        self.files = files
    }

    package func check() async throws -> Check {
        var changed: [Units.Unit] = []
        var changes: [Change] = []
        for unit in units {
            let path = Self.path(of: unit)
            let snapshot = try files.file(at: path)
            guard snapshot != unit.snapshot else { continue }
            changed.append(unit)
            let current = snapshot.map { String(decoding: $0.bytes, as: UTF8.self) }
            let wanted = String(decoding: unit.text, as: UTF8.self)
            let diff = UnifiedDiff.make(from: current, to: wanted, path: path.string)
            changes.append(Change(.file, "write \(path)", diff: diff))
        }
        var disabled: [ServiceName] = []
        for service in enabled + running where try await !services.state(of: service).isEnabled {
            disabled.append(service)
            changes.append(Change(.service, "enable \(service)"))
        }
        var down: [ServiceName] = []
        for service in running {
            let state = try await services.state(of: service)
            // A unit that is on its way up may be the one that this pass runs in, or waits for this pass to end.
            guard !state.isActive, !state.isStarting else { continue }
            down.append(service)
            changes.append(Change(.service, "start \(service)"))
        }
        var unwanted: [ServiceName] = []
        for service in stopped {
            let state = try await services.state(of: service)
            guard state.isEnabled || state.isActive else { continue }
            unwanted.append(service)
            changes.append(Change(.service, "disable and stop \(service)"))
        }
        guard !changes.isEmpty else { return .inSync }
        return .drifted(
            Drift(changes) { [changed, disabled, down, unwanted] in
                try write(changed)
                try await services.change { manager in
                    if !changed.isEmpty { try await manager.definitionsChanged() }
                    for service in disabled { try await manager.enable(service) }
                    for service in down { try await manager.startLater(service) }
                    for service in unwanted { try await manager.disable(service) }
                }
            }
        )
    }

    private func write(_ changed: [Units.Unit]) throws {
        for unit in changed {
            let path = Self.path(of: unit)
            try files.createDirectory(path.removingLastComponent())
            try files.replace(path, with: unit.text, attributes: unit.attributes)
        }
    }

    package static func path(of unit: Units.Unit) -> FilePath { FilePath(unit.path) }
}

extension Units.Unit {
    var attributes: FileAttributes { isExecutable ? FileAttributes(permissions: .executable) : FileAttributes() }

    /// The unit as its file should be.
    var snapshot: FileSnapshot { FileSnapshot(attributes: attributes, isRegular: true, bytes: text) }
}

extension Units {
    /// The signer's unit, which is there only while mail is signed.
    package static func signer(on system: ServiceSystem) -> Unit {
        switch system {
        case .systemd: signer
        case .systemV: signerScript
        }
    }

    /// The units of a relay on a host with such an init.
    package static func all(on system: ServiceSystem) -> [Unit] {
        switch system {
        case .systemd: all
        case .systemV: ofSystemV
        }
    }

    /// The units of a host that sends.
    package static func ofSender(on system: ServiceSystem) -> [Unit] {
        switch system {
        case .systemd: ofSender
        case .systemV: ofSenderOnSystemV
        }
    }
}
