import ArgumentParser
import Host
import RelayAgent

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the last passes saw and did.",
        discussion: """
            Asks nobody: it shows what was written down, with its time, and needs neither root nor a running agent.

            Exit status: 0; 1 where no pass has run on this host since it was booted.
            """
    )

    @Flag(help: "Print JSON, for programs.")
    var json = false

    func run() throws {
        guard let report = StatusReport(files: FileSystem()) else {
            print("No pass has run since this host was booted; see 'smtp-relay-agent reconcile'.")
            throw ExitCode.failure
        }
        print(json ? report.json : report.table, terminator: "")
    }
}
