import ArgumentParser
import Host
import RelayAgent
import Reports

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how the node is, and the results of the last passes.",
        discussion: """
            The first line says how the node is: in service, out of service or leaving, and why. Below it stands what the \
            passes have written down, with the time. Needs neither root nor a running agent, and sends no request. The answer \
            of the health check is the current one. For root, the queue is the current one, too. Parts that the last pass did \
            not check are marked. Lines are as wide as the terminal, and 80 columns elsewhere. Only a terminal gets colours, \
            and only without NO_COLOR and TERM=dumb.

            With --watch, the status is shown anew every 2 s, until Ctrl-C. Where the output is no terminal, each one begins \
            with a line of its time; with --json, each is a JSON document.

            Exit status: 0 the status is shown, also if the node is out of service; 1 no pass has run since this host was \
            booted.
            """
    )

    @Flag(help: "Print JSON, for programs.")
    var json = false

    @Flag(help: "Show the status again every 2 s.")
    var watch = false

    func run() async throws {
        let width = Terminal.size?.columns ?? StatusLayout.usualWidth
        if watch {
            try await StatusWatch(json: json).run()
        } else if let report = StatusReport(files: FileSystem()) {
            let lines = report.lines(width: width, colours: Terminal.hasColours)
            print(json ? report.json : lines.map { $0 + "\n" }.joined(), terminator: "")
        } else {
            print(StatusReport.linesWithoutPass(width: width).joined(separator: "\n"))
            throw ExitCode.failure
        }
    }
}
