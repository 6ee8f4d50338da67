import ArgumentParser
import Host
import RelayAgent
import Reports

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the results of the last passes.",
        discussion: """
            Shows what the passes have written down, with the time. Needs neither root nor a running agent, and sends no \
            request. The answer of the health check is the current one. For root, the queue is the current one, too. Parts that \
            the last pass did not check are marked.

            Exit status: 0 the status is shown, also if the node is out of service; 1 no pass has run since this host was \
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
