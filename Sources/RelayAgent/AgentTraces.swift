import Host
import Resources
import SystemPackage
import Units

/// The agent's files on a host: they show that it has worked there.
struct AgentTraces: Sendable {
    let files: FileSystem

    /// The state that lasts, and the state of a boot.
    static let state: FilePath = "/var/lib/smtp-relay-agent"
    static let bootState: FilePath = "/run/smtp-relay-agent"
    /// The lock that keeps the init script's keepers apart.
    static let keeperLock: FilePath = "/var/run/smtp-relay-agent-keeper.lock"
    static let settings: FilePath = "/etc/smtp-relay-agent"
    static let logs: FilePath = "/var/log"
    static let environment = settings.appending("environment")

    /// The configuration files of both services.
    static let configuration = PostfixService.files + NginxService.files

    /// The agent's units, in the order in which they are stopped: first who would start the others again.
    static let units = [
        Units.agent, Units.watch, Units.reconcileTimer, Units.reconcileService, Units.signer, Units.health,
    ]

    /// The folders that the agent writes files in, where one that was killed may have left half a file.
    var folders: Set<FilePath> {
        let generations = ServicesBefore.services.map { GenerationStore.directory(of: $0) }
        let written = Self.configuration + Units.everywhere.map(UnitFiles.path) + [Installation.program]
        let places = written.map { (files.resolve($0)?.location ?? $0).removingLastComponent() }
        return Set(places + generations + [SigningKeyRing.folder] + [Self.state, Self.bootState, Self.settings])
    }

    /// The files of units, scripts and the like that are there, of whichever init.
    var unitFiles: [FilePath] { Units.everywhere.map(UnitFiles.path).filter(files.exists) }

    /// The files that stood there before the agent's first change, by where they stood.
    var originals: [(path: FilePath, original: FilePath)] {
        Self.configuration.map { ($0, ConfiguredService.original(of: $0)) }.filter { files.exists($0.1) }
    }

    /// Whether the host is or was a relay, which may be in a load balancer. A sender's first change is in main.cf, too, but
    /// the instance is written down for relays alone.
    var isOfRelay: Bool { [OtherInstance.record, DrainOrders.lasting].contains(where: files.exists) }

    /// The log files of a host without a journal, older ones included. Like a journal, they stay.
    var logs: [FilePath] {
        let names = (try? files.names(in: Self.logs)) ?? []
        return names.filter { $0.hasPrefix("smtp-relay-agent.log") }.sorted().map { Self.logs.appending($0) }
    }

    /// The traces of a pass on this host; empty where none has run.
    var ofPasses: [FilePath] {
        [OtherInstance.record, DrainOrders.lasting].filter(files.exists) + originals.map(\.original)
    }

    /// Everything that a person would have to remove.
    var all: [FilePath] {
        [Self.state, Self.environment, Installation.previous, Installation.program].filter(files.exists)
            + unitFiles + originals.map(\.original)
    }
}
