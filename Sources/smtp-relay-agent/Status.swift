import ArgumentParser
import Host
import RelayAgent

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the last passes saw and did.",
        discussion: """
            Asks nobody: it shows what was written down, with its time, and needs neither root nor a running agent. The \
            health check's answer is that of now, and for root the queue as well. What the last pass did not look at is \
            shown as such.

            Exit status: 0, also where the node is out of service; 1 where no pass has run on this host since it was \
            booted.
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
