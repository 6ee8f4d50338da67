import Host
import Reconcile
import RelayTestSupport
import Resources
import SystemPackage
import Testing
import Units

@testable import RelayAgent

/// A host without systemd: what is chosen, what is put there, and what goes again.
struct SystemVHostTests {
    private func put(_ path: FilePath, in files: FileSystem) throws {
        try files.createDirectory(path.removingLastComponent())
        try files.put([], at: path)
    }

    @Test(arguments: [
        ([], "NoServiceManager"),
        (["/sbin/service"], "NoServiceManager"),
        (["/sbin/service", "/sbin/chkconfig"], "SystemV"),
        (["/usr/sbin/service", "/usr/sbin/chkconfig"], "SystemV"),
        // Installed, but not what booted the host.
        (["/usr/bin/systemctl", "/usr/sbin/service", "/usr/sbin/chkconfig"], "SystemV"),
        (["/run/systemd/system/x", "/usr/sbin/service", "/usr/sbin/chkconfig"], "Systemd"),
    ])
    func theServiceManagerIsTheOneThatIsReallyThere(present: [FilePath], chosen: String) async throws {
        try await withTemporaryRoot { (files) async throws in
            for path in present { try put(path, in: files) }
            let services = HostAccess.services(runner: ScriptedRunner(), files: files)
            #expect("\(type(of: services))" == chosen)
        }
    }

    private func unitFiles(_ services: ObedientServices, _ files: FileSystem) -> UnitFiles {
        let (agent, timer) = (ServiceName(Units.agent.name), ServiceName(Units.reconcileTimer.name))
        return UnitFiles(
            Units.all(on: services.system),
            enabled: [ServiceName(Units.health.name)],
            running: [agent],
            stopped: [timer],
            services: ServiceBoard(manager: services, services: [agent, timer, ServiceName(Units.health.name)]),
            files: files
        )
    }

    @Test func scriptsAndTablesTakeThePlaceOfUnits() async throws {
        try await withTemporaryRoot { (files) async throws in
            let services = ObedientServices(system: .systemV)
            guard case .drifted(let drift) = try await unitFiles(services, files).check() else {
                Issue.record("nothing is there yet")
                return
            }
            try await drift.apply()
            let modes: [FilePath: FilePermissions] = [
                "/etc/init.d/smtp-relay-agent": .executable, "/etc/init.d/smtp-relay-agent-health": .executable,
                "/etc/init.d/smtp-relay-agent-reconcile": .executable,
                "/etc/cron.d/smtp-relay-agent": .worldReadable, "/etc/logrotate.d/smtp-relay-agent": .worldReadable,
            ]
            for (path, mode) in modes { #expect(try files.attributes(at: path).permissions == mode, "\(path)") }
            #expect(!files.exists("/etc/systemd/system"))
            #expect(services.told.suffix(2) == ["enable \(Units.agent.name)", "start \(Units.agent.name)"])
            guard case .inSync = try await unitFiles(services, files).check() else {
                Issue.record("all is there now")
                return
            }
            // A script that can't be run is drift like any other.
            let script: FilePath = "/etc/init.d/smtp-relay-agent"
            try files.replace(script, with: try files.bytes(at: script), attributes: FileAttributes())
            guard case .drifted(let again) = try await unitFiles(services, files).check() else {
                Issue.record("a script that can't be run must be drift")
                return
            }
            #expect(again.changes.map(\.summary) == ["write \(script)"])
        }
    }

    @Test func uninstallFindsThemAll() async throws {
        try await withTemporaryRoot { (files) async throws in
            for unit in Units.ofSystemV { try put(UnitFiles.path(of: unit), in: files) }
            let found = Set(AgentTraces(files: files).all)
            #expect(found == Set(Units.ofSystemV.map(UnitFiles.path)))
        }
    }

    @Test(arguments: Units.ofSystemV.filter(\.isExecutable).map(\.name))
    func everyScriptHasBothHeaders(name: String) throws {
        let unit = try #require(Units.ofSystemV.first { $0.name == name })
        let text = String(decoding: unit.text, as: UTF8.self)
        #expect(text.hasPrefix("#!/bin/sh\n"))
        for part in ["\n# chkconfig: ", "\n# description: ", "\n### BEGIN INIT INFO\n", "\n### END INIT INFO\n"] {
            #expect(text.contains(part), "\(part)")
        }
    }
}
