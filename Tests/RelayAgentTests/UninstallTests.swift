import AgentLog
import Host
import Logging
import RelayTestSupport
import Resources
import SystemPackage
import Testing
import Units

@testable import RelayAgent

/// The way back, step by step. How the load balancers are left first, the lab shows.
struct UninstallTests {
    private static let up = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
    private static let ownTable = "# Written by smtp-relay-agent, the whole of it; edits are undone.\n"
    private static let theirs = "biff = yes\n"
    private static let ours = "biff = no\n"
    private static let postfix = ServiceName("postfix")
    private static let nginx = ServiceName("nginx")

    private func put(_ path: FilePath, _ text: String = "x", in files: FileSystem) throws {
        try files.createDirectory(path.removingLastComponent())
        try files.put(Array(text.utf8), at: path)
    }

    private func text(_ path: FilePath, in files: FileSystem) throws -> String {
        String(decoding: try files.bytes(at: path), as: UTF8.self)
    }

    private func uninstall(_ files: FileSystem, _ services: ObedientServices) async throws {
        let log = StepLog(Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let host = HostAccess.fake(files: files, services: services)
        let aws = AWSAccess(environment: [:], transport: host.transport)
        let gatherer = Gatherer(
            sources: { fatalError("nobody asks for settings") },
            aws: aws,
            files: files,
            log: log
        )
        let pass = Pass(gatherer: gatherer, host: host, aws: aws, log: log)
        try await Uninstall(pass: pass, host: host, log: log).run(leaves: false)
    }

    /// A node as the agent leaves it, with these services before.
    private func node(_ files: FileSystem, before: [ServiceName: ServiceState]) async throws -> ObedientServices {
        try await ServicesBefore(files: files).keep(
            ServiceBoard(manager: ObedientServices(before), services: ServicesBefore.services)
        )
        try put("/etc/postfix/main.cf", Self.ours, in: files)
        try put("/etc/postfix/main.cf.before-smtp-relay-agent", Self.theirs, in: files)
        try put("/etc/postfix/network_table", Self.ownTable, in: files)
        try put("/etc/postfix/transport_table", "somebody's", in: files)
        try put("/etc/nginx/nginx.conf", Self.ownTable, in: files)
        try put(OtherInstance.record, "i-0000000a\n", in: files)
        try put("/etc/smtp-relay-agent/config.toml", in: files)
        try put("/etc/smtp-relay-agent/environment", in: files)
        try put("/run/smtp-relay-agent/www/health", in: files)
        try put(Installation.program, in: files)
        for unit in Units.all { try put(UnitFiles.path(of: unit), in: files) }
        var states = [Self.postfix: Self.up, Self.nginx: Self.up]
        for unit in Units.all { states[ServiceName(unit.name)] = Self.up }
        return ObedientServices(states)
    }

    @Test func theOriginalComesBackThroughALinkAndNoHalfFileStays() async throws {
        try await withTemporaryRoot { (files) async throws in
            let services = try await node(files, before: [Self.postfix: Self.up, Self.nginx: .unknown])
            try put("/srv/mail/main.cf", Self.ours, in: files)
            try files.remove("/etc/postfix/main.cf")
            try files.replace("/etc/postfix/main.cf", withLinkTo: "/srv/mail/main.cf")
            // No process has that number (proc_sys_kernel(5), pid_max).
            try put("/etc/postfix/.sasl_password_table.smtp-relay-agent-4194305-abc", "secret", in: files)
            try put("/srv/mail/.main.cf.smtp-relay-agent-4194305-abc", in: files)
            try await uninstall(files, services)
            #expect(files.linkTarget(of: "/etc/postfix/main.cf") == "/srv/mail/main.cf")
            #expect(try text("/srv/mail/main.cf", in: files) == Self.theirs)
            #expect(try files.names(in: "/etc/postfix") == ["main.cf", "transport_table"])
            #expect(try files.names(in: "/srv/mail") == ["main.cf"])
        }
    }

    @Test func whatOthersHaveWrittenStaysAndWhatIsUnclearIsCopied() async throws {
        try await withTemporaryRoot { files in
            let services = try await node(files, before: [Self.postfix: Self.up])
            let original = "smtp inet n - y - - smtpd\n"
            try put("/etc/postfix/main.cf", Self.ours + "smtpd_milters = unix:/run/m\n", in: files)
            try put("/etc/postfix/master.cf.before-smtp-relay-agent", original, in: files)
            let filter = "127.0.0.1:10026 inet n - n - - smtpd\n"
            let evacuation = "evacuation unix -       -       n       -       -       smtp\n"
            try put("/etc/postfix/master.cf", original + evacuation + filter, in: files)
            try put("/etc/nginx/nginx.conf", "user nginx;\n# edited\n", in: files)
            try put("/etc/nginx/nginx.conf.before-smtp-relay-agent", "user nginx;\n", in: files)
            try await uninstall(files, services)
            #expect(try text("/etc/postfix/main.cf", in: files) == Self.theirs + "smtpd_milters = unix:/run/m\n")
            #expect(try text("/etc/postfix/master.cf", in: files) == original + evacuation + filter)
            #expect(try text("/etc/nginx/nginx.conf", in: files) == "user nginx;\n")
            #expect(try text("/etc/nginx/nginx.conf.after-smtp-relay-agent", in: files) == "user nginx;\n# edited\n")
            #expect(try !(files.names(in: "/etc/postfix") ?? []).contains { $0.contains("after-smtp-relay-agent") })
        }
    }

    @Test func filesUnitsAndStateGoAndOriginalsComeBack() async throws {
        try await withTemporaryRoot { files in
            let services = try await node(files, before: [Self.postfix: Self.up, Self.nginx: .unknown])
            try await uninstall(files, services)
            #expect(try text("/etc/postfix/main.cf", in: files) == Self.theirs)
            #expect(try text("/etc/postfix/transport_table", in: files) == "somebody's")
            #expect(try text("/etc/smtp-relay-agent/config.toml", in: files) == "x")
            let gone: [FilePath] = [
                "/etc/postfix/main.cf.before-smtp-relay-agent", "/etc/postfix/network_table", "/etc/nginx/nginx.conf",
                "/etc/smtp-relay-agent/environment", "/var/lib/smtp-relay-agent", "/run/smtp-relay-agent",
                Installation.program,
            ]
            for path in gone + Units.all.map(UnitFiles.path) { #expect(!files.exists(path), "\(path)") }
            // The agent goes first, or it would repair the rest.
            #expect(services.told.first == "disable \(Units.agent.name)")
            #expect(services.told.suffix(3) == ["daemon-reload", "restart postfix", "disable nginx"])
            try await uninstall(files, ObedientServices())
        }
    }

    @Test(arguments: [
        (ServiceState(isInstalled: true, isEnabled: false, isActive: true), ["disable postfix", "restart postfix"]),
        (ServiceState(isInstalled: true, isEnabled: true, isActive: false), ["stop postfix"]),
        (ServiceState(isInstalled: true, isEnabled: false, isActive: false), ["disable postfix"]),
        (ServiceState(isInstalled: true, isEnabled: true, isActive: true), ["restart postfix"]),
    ])
    func aServiceIsAsItWasBefore(before: ServiceState, told: [String]) async throws {
        try await withTemporaryRoot { files in
            let services = try await node(files, before: [Self.postfix: before])
            try await uninstall(files, services)
            #expect(services.told.filter { $0.hasSuffix(" postfix") } == told)
            let after = services.states(of: [Self.postfix])[Self.postfix]
            #expect(after?.isActive == before.isActive && after?.isEnabled == before.isEnabled)
        }
    }

    @Test func howServicesWereIsWrittenDownOnceAndNeverLate() async throws {
        try await withTemporaryRoot { files in
            let before = ServicesBefore(files: files)
            let board = ServiceBoard(manager: ObedientServices([Self.postfix: Self.up]), services: [])
            try put("/etc/postfix/main.cf.before-smtp-relay-agent", in: files)
            try await before.keep(ServiceBoard(manager: ObedientServices([Self.postfix: Self.up]), services: []))
            #expect(before.read() == nil)
            try files.remove("/etc/postfix/main.cf.before-smtp-relay-agent")
            let services = ServicesBefore.services
            try await before.keep(ServiceBoard(manager: ObedientServices([Self.postfix: Self.up]), services: services))
            try await before.keep(board)
            #expect(before.read()?.services == ["postfix": ServiceBefore(isEnabled: true, isActive: true)])
        }
    }

    @Test func aRecordOfTheFirstFormIsReadAndWrittenInTheNew() async throws {
        try await withTemporaryRoot { files in
            let path: FilePath = "/var/lib/smtp-relay-agent/before.json"
            try put(path, #"{"postfix":{"isEnabled":true,"isActive":false}}"#, in: files)
            let before = ServicesBefore(files: files)
            let old = ["postfix": ServiceBefore(isEnabled: true, isActive: false)]
            #expect(before.read()?.services == old)
            try await before.keep(ServiceBoard(manager: ObedientServices(), services: ServicesBefore.services))
            #expect(try text(path, in: files).contains(#""format":2"#))
            #expect(before.read()?.services == old)
        }
    }

    /// A newer version finds its record again.
    @Test func aRecordThatIsNotUnderstoodStays() async throws {
        try await withTemporaryRoot { files in
            let path: FilePath = "/var/lib/smtp-relay-agent/before.json"
            try put(path, #"{"format":9,"services":["all"]}"#, in: files)
            let before = ServicesBefore(files: files)
            try await before.keep(ServiceBoard(manager: ObedientServices(), services: ServicesBefore.services))
            try before.keep(MailAgentBefore())
            #expect(before.read() == nil)
            #expect(try text(path, in: files) == #"{"format":9,"services":["all"]}"#)
        }
    }

    @Test func whatWasTakenFromAnotherMailAgentComesBackAsItWasFirst() async throws {
        try await withTemporaryRoot { files in
            let services = try await node(files, before: [Self.postfix: Self.up])
            var taken = MailAgentBefore()
            taken.services["sendmail"] = ServiceBefore(isEnabled: true, isActive: true)
            taken.services["sm-client"] = ServiceBefore(isEnabled: false, isActive: true)
            try ServicesBefore(files: files).keep(taken)
            // Somebody has enabled it again, without starting it; that is not how it was before the agent.
            taken.services["sendmail"] = ServiceBefore(isEnabled: true, isActive: false)
            try ServicesBefore(files: files).keep(taken)
            services.disable(ServiceName("sendmail"))
            services.disable(ServiceName("sm-client"))
            try await uninstall(files, services)
            #expect(services.told.suffix(3) == ["enable sendmail", "start sendmail", "start sm-client"])
        }
    }

    /// A host that only sends may have an nginx of its application.
    @Test func aServiceThatWasNoneOfTheNodesIsLeftAlone() async throws {
        try await withTemporaryRoot { files in
            let services = try await node(files, before: [Self.postfix: Self.up])
            try await uninstall(files, services)
            #expect(services.told.filter { $0.hasSuffix(" nginx") }.isEmpty)
        }
    }

    /// An older version did not record some services, so their state is not known: such a service goes on, with its own
    /// files.
    @Test func servicesThatAreNotKnownGoOn() async throws {
        try await withTemporaryRoot { files in
            let services = try await node(files, before: [:])
            try files.remove("/var/lib/smtp-relay-agent/before.json")
            try await uninstall(files, services)
            #expect(services.told.suffix(2) == ["restart postfix", "restart nginx"])
        }
    }

    @Test func onAHostWithoutTheAgentNothingIsTouched() async throws {
        try await withTemporaryRoot { files in
            try put("/etc/postfix/main.cf", Self.theirs, in: files)
            let services = ObedientServices([Self.postfix: Self.up])
            try await uninstall(files, services)
            #expect(services.told.isEmpty)
            #expect(try files.names(in: "/") == ["etc"])
        }
    }
}
