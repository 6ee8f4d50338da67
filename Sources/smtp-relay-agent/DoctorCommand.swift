import ArgumentParser
import Doctor
import RelayAgent
import Vocabulary

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out why mail does not flow.",
        discussion: """
            Examines this node, its mail log, the load balancers, the network between them, and the node's reputation at \
            receivers. Changes nothing. Each finding says what was seen, why it matters, and the command that cures it. If \
            something may not be read, a finding names the IAM action. \
            A finding that follows from another stands below it, and the exit status does not count it.

            With --domain, examines that domain instead, as receivers of this node's mail see it: SPF for each address that \
            mail leaves by, DKIM with the keys of mail.dkim, DMARC, the addresses' names, TLS, block lists, and the way of \
            bounces. Prints a table, the findings, and the DNS records to publish.

            Exit status: 0 nothing has to be done; 2 warnings; 3 something critical; 1 the doctor could not examine the node.
            """
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Print JSON, for programs.")
    var json = false

    @Flag(help: "Print metrics in Prometheus's text format, such as for node_exporter's textfile collector.")
    var metrics = false

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp("Also find out where the mail of this sender would be stopped.", valueName: "address"),
        transform: { try IPAddress($0) }
    )
    var sender: IPAddress?

    @Option(
        help: ArgumentHelp(
            "Examine a domain that mail is sent for, as receivers see it.",
            valueName: "domain"
        ),
        transform: { try DomainName($0) }
    )
    var domain: DomainName?

    @Option(
        name: .customLong("selector"),
        help: ArgumentHelp(
            "With --domain: a further DKIM selector, beside those of mail.dkim. Can be repeated.",
            valueName: "name"
        ),
        transform: { try ExaminedSelector($0) }
    )
    var selectors: [ExaminedSelector] = []

    @Flag(
        inversion: .prefixedNo,
        help: "With --domain: ask public block lists for the addresses that mail leaves by."
    )
    var blockLists = true

    func validate() throws {
        guard !json || !metrics else { throw ValidationError("take one of --json and --metrics") }
        guard domain != nil || (selectors.isEmpty && blockLists) else {
            throw ValidationError("--selector and --no-block-lists need --domain")
        }
        guard domain == nil || (!metrics && sender == nil) else {
            throw ValidationError("--domain goes with neither --metrics nor --from")
        }
    }

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            if sender != nil { try session.gatherer.requireRelay(for: "doctor --from") }
            let doctor = HostDoctor(gatherer: session.gatherer, host: session.host, pass: session.pass)
            if let domain {
                let question = DomainQuestion(domain: domain, selectors: selectors, asksBlockLists: blockLists)
                let report = try await doctor.examine(question)
                print(json ? report.json : report.text, terminator: "")
                if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
                return
            }
            let report = await doctor.examine(sender: sender)
            print(metrics ? report.metrics : json ? report.json : report.text, terminator: "")
            if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
        }
    }
}
