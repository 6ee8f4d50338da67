import AgentLog
import ArgumentParser
import Glibc
import Host
import RelayAgent

struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign outgoing mail (DKIM) for Postfix.",
        discussion: """
            A milter on 127.0.0.1:8895. smtp-relay-agent-signer.service runs this command where [[mail.dkim]] or mail.senders is set, and \
            Postfix is set up to use it. The keys come from the passes of the agent; new keys take effect without a restart. A \
            second process without any rights speaks with Postfix.

            Exit status: 0 it was told to end; 1 it could not begin.
            """
    )

    @Option(help: ArgumentHelp("The form of the log.", valueName: "format"))
    var logFormat: LogFormat = .auto

    @Flag(help: .hidden)
    var worker = false

    func run() async throws {
        let environment = processEnvironment()
        let log = StepLog(logFormat, environment: environment, memory: nil)
        do {
            if worker { return try await SigningWorker(log: log).run() }
            guard geteuid() == 0 else { throw NotRoot() }
            let service = SigningService(
                files: FileSystem(),
                notifier: ServiceNotifier(environment: environment),
                log: log,
                worker: ["sign", "--worker", "--log-format", logFormat.rawValue]
            )
            try await service.run()
        } catch {
            log.failed("signer", "\(error)")
            throw ExitCode.failure
        }
    }
}
