import Facts
import Host
import MailLogs
import RelayNode
import Resources
import Units
import Vocabulary

/// The examinations of a host that sends. A further examination is one line.
struct SenderDoctor: Sendable {
    let settings: SenderSettings
    let host: ExaminedHost
    let resolver: NameResolver

    var examinations: [any Examination] {
        let found = PostfixFiles(files: host.files)
        let mailLog = MailLog(runner: host.runner, files: host.files, now: host.now)
        let agent = settings.reconcile.resident ? Units.agent.name : Units.reconcileTimer.name
        return [
            ServicesExamination(
                services: host.services,
                expected: [ServiceName("postfix"), ServiceName(agent)],
                why: "this host's mail is not sent"
            ),
            PassesExamination(last: host.lastPass, now: host.now),
            ConfigurationExamination(plan: host.plan, order: { nil }),
            RelayhostExamination(way: RelayHostWay(settings.relayhost, files: host.files)),
            RelayhostOverrideExamination(
                overrides: RelayhostOverride.all(mainCf: found.mainCf, masterCf: found.masterCf)
            ),
            QueueExamination(of: host) { await mailLog.delivered() },
            DiskExamination(files: host.files),
            SystemExamination(system: OperatingSystem(files: host.files)),
            SenderMailLogExamination(
                log: mailLog,
                commands: host.services.commands,
                own: HostAddresses.current()
            ),
        ] + resolution
    }

    /// An address needs no look-up.
    private var resolution: [any Examination] {
        guard case .name(let name) = settings.relayhost.host else { return [] }
        return [ResolutionExamination(servers: resolver.servers, resolver: resolver, probe: "\(name)")]
    }
}
