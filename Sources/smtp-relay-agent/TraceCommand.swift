import ArgumentParser
import Host
import MailLogs
import RelayAgent
import Reports
import Resources
import Vocabulary

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show what became of mail, step by step.",
        discussion: """
            Reads this node's mail log, also where it was rotated, and shows each step of the messages with its time: accepted, \
            refused, deferred with the receiver's words and the next try, handed over to another relay, sent, bounced. The last \
            line says how far back the log reaches.

            With --fleet, it also asks the logs that all nodes write to CloudWatch (cloudwatch.logs), of the last week, and follows \
            mail that was handed over to another node.

            TEXT is a queue id, a Message-ID in angle brackets, the address of the host that sent the mail, or a recipient: an \
            address or a domain.

            Exit status: 0 all of it was sent; 2 some waits; 3 some was bounced, refused or deleted; 1 no such mail is in the \
            log, or an error.
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp("The mail to look for.", valueName: "text"))
    var text: String?

    @Option(help: ArgumentHelp("Mail to this address, or to this domain.", valueName: "address"))
    var recipient: String?

    @Option(help: ArgumentHelp("Mail from this address or domain; \"\" for bounces.", valueName: "address"))
    var sender: String?

    @Option(help: ArgumentHelp("The message that Postfix gave this id.", valueName: "id"))
    var queueID: String?

    @Option(help: ArgumentHelp("The message with this Message-ID.", valueName: "id"))
    var messageID: String?

    @Option(help: ArgumentHelp("Mail of this host: its address, or its name in DNS.", valueName: "host"))
    var client: String?

    @Option(help: ArgumentHelp("The largest number of messages; of more, the newest are shown.", valueName: "number"))
    var limit = MailTrace.limit

    @Flag(help: "Also ask the other nodes' logs in CloudWatch.")
    var fleet = false

    @Flag(help: "Print JSON, for programs.")
    var json = false

    func validate() throws {
        _ = try query
        guard limit > 0 else { throw ValidationError("--limit is a number of messages, from 1; not \(limit)") }
    }

    private var query: TraceQuery {
        get throws {
            let queries = [
                try text.map(TraceQuery.init(guessing:)),
                recipient.map(TraceQuery.recipient),
                sender.map { TraceQuery.sender($0 == "<>" ? "" : $0) },
                try queueID.map(TraceQuery.init(queueID:)),
                messageID.map(TraceQuery.init(messageID:)),
                client.map(TraceQuery.init(client:)),
            ].compactMap(\.self)
            guard let query = queries.first, queries.count == 1 else {
                throw ValidationError(
                    "name one kind of mail: TEXT, --recipient, --sender, --queue-id, --message-id or --client"
                )
            }
            guard !query.isTooWide else { throw ValidationError("an empty text means all mail; name what to look for") }
            return query
        }
    }

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let files = session.host.files
            let queue = PostfixQueue(files: files)
            // Without a queue to look at, the log alone counts.
            let before = try? queue.nextTries()
            let trace = try await MailTrace.read(
                try query,
                limit: limit,
                runner: session.host.runner,
                files: files,
                now: Timestamp.seconds
            )
            // A message that came or went meanwhile is no lost one.
            let waiting = try? queue.nextTries().merging(before ?? [:]) { now, _ in now }
            let networks = StatusFile(files: files).read()?.networks ?? []
            let relays = networks.compactMap { try? IPNetwork($0) }
            let report = TraceReport(trace, relays: relays, queue: waiting)
            guard fleet else {
                print(json ? report.json : report.text, terminator: "")
                if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
                return
            }
            let others = try await FleetLogs(gatherer: session.gatherer).traces(
                of: try query,
                handedOver: trace.handedOver
            )
            .map { TraceReport($0.trace, relays: relays, queue: nil, instance: $0.instance) }
            let texts = ([report] + others).map(\.text).joined(separator: "\n")
            print(json ? TraceReport.json(report, others) : texts, terminator: "")
            let status = TraceReport.exitStatus(of: [report] + others)
            if status != 0 { throw ExitCode(status) }
        }
    }
}

extension TraceQuery {
    fileprivate init(guessing text: String) throws {
        if let id = QueueID(text) {
            self = .queueID(id)
        } else if text.hasPrefix("<"), text.hasSuffix(">") {
            self = .messageID(text)
        } else if let address = try? IPAddress(text) {
            self = .client(address)
        } else {
            self = .recipient(text)
        }
    }

    fileprivate init(queueID text: String) throws {
        guard let id = QueueID(text) else {
            throw ValidationError("'\(text.escapedForDisplay)' is no queue id, such as 3F2A1B00C4 or 4Vd2kX1z3Hz9t")
        }
        self = .queueID(id)
    }

    fileprivate init(client text: String) {
        self = (try? IPAddress(text)).map(TraceQuery.client) ?? .clientName(text)
    }

    fileprivate init(messageID text: String) {
        self = .messageID(text.hasPrefix("<") ? text : "<\(text)>")
    }
}
