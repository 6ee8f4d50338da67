import ArgumentParser
import CLinux
import Glibc
import NIOCore
import RelayAgent
import Reports

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
        abstract: "Makes an EC2 instance an SMTP relay behind a load balancer, and keeps it one.",
        discussion: """
            Settings come from /etc/smtp-relay-agent/config.toml, SMTP_RELAY_* variables and the instance's smtp-relay:* tags. \
            Only the mail domain is required. 'smtp-relay-agent config show' lists each setting with its value and source.

            The reference has topics: 'smtp-relay-agent help settings', 'help metrics', 'help errors'.
            """,
        version: AgentVersion.described,
        subcommands: [
            Bootstrap.self, Run.self, ReconcileCommand.self, PlanCommand.self, Status.self, Drain.self, Undrain.self,
            FactsCommand.self, Probe.self, ConfigCommand.self, LaunchGuard.self, DoctorCommand.self, BakeCommand.self,
            TraceCommand.self, QueueCommand.self, UninstallCommand.self, DKIMCommand.self, Sign.self, Watch.self,
            HelpCommand.self,
        ]
    )
}
