import ArgumentParser
import CLinux
import Glibc
import NIOCore
import RelayAgent

/// Where the program begins.
@main
enum Program {
    static func main() async {
        // Root's shell has umask 027 or 077 on hardened images; nginx could not enter the folders that the program makes.
        umask(0o022)
        // Before anything can look up a name: see CLinux.h.
        guard clinux_pin_name_services() == 0 else {
            fatalError("the C library refuses to be told where names are looked up")
        }
        // One event loop does for one conversation at a time, and each costs a thread.
        NIOSingletons.groupLoopCountSuggestion = 1
        NIOSingletons.blockingPoolThreadCountSuggestion = 1
        await SMTPRelayAgent.main()
    }
}

struct SMTPRelayAgent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "smtp-relay-agent",
        abstract: "Makes an EC2 instance an SMTP relay node behind a load balancer, and keeps it one.",
        discussion: """
            Settings are read from /etc/smtp-relay-agent/config.toml, from SMTP_RELAY_* variables and from the \
            instance's smtp-relay:* tags; only the mail domain is required. 'smtp-relay-agent config show' lists \
            every setting, its value, and where that came from.
            """,
        version: AgentVersion.described,
        subcommands: [
            Bootstrap.self, Run.self, ReconcileCommand.self, PlanCommand.self, Status.self, Drain.self, Undrain.self,
            FactsCommand.self, Probe.self, ConfigCommand.self, LaunchGuard.self, DoctorCommand.self, BakeCommand.self,
            UninstallCommand.self, Watch.self,
        ]
    )
}
