import ArgumentParser
import Glibc
import Host
import RelayAgent
import Resources
import Vocabulary

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "List the mail that waits, and hold, release, delete or requeue it.",
        discussion: """
            Options choose the messages. A message is chosen if everything that the options ask for is true of it.
            """,
        subcommands: [List.self, Hold.self, Release.self, Delete.self, Requeue.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List messages, oldest first.",
            discussion: """
                Exit status: 0 the messages are listed, also if there is none; 1 an error.
                """
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var choice: QueueChoice

        @Flag(help: "Print JSON, for programs.")
        var json = false

        func run() async throws {
            try await Session.run(options, needsRoot: true) { session in
                let now = Timestamp.seconds
                let queue = PostfixQueue(files: session.host.files)
                try queue.requireFolders()
                let messages = try queue.messages().filter { choice.selection.contains($0, at: now) }
                let list = QueueList(messages, now: now)
                print(json ? list.json : list.text, terminator: "")
            }
        }
    }

    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold messages: Postfix does not deliver them until they are released.",
            discussion: QueueAction.exitStatus
        )
        @OptionGroup var action: QueueAction
        func run() async throws { try await action.run(.hold) }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Release messages that are on hold.",
            discussion: QueueAction.exitStatus
        )
        @OptionGroup var action: QueueAction
        func run() async throws { try await action.run(.release) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete messages. Their senders are not told.",
            discussion: QueueAction.exitStatus
        )
        @OptionGroup var action: QueueAction
        func run() async throws { try await action.run(.delete) }
    }

    struct Requeue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have Postfix take messages anew within a minute, by the rules of now. Those on hold stay.",
            discussion: QueueAction.exitStatus
        )
        @OptionGroup var action: QueueAction
        func run() async throws { try await action.run(.requeue) }
    }
}

/// The options that choose messages.
struct QueueChoice: ParsableArguments {
    @Argument(help: ArgumentHelp("The messages with these queue ids.", valueName: "id"))
    var ids: [String] = []

    @Option(help: ArgumentHelp("Mail from this address or domain; \"\" for bounces.", valueName: "address"))
    var sender: String?

    @Option(help: ArgumentHelp("Mail that waits for this address, or for this domain.", valueName: "address"))
    var recipient: String?

    @Option(help: ArgumentHelp("Mail of this host: its address, or its name in DNS.", valueName: "host"))
    var client: String?

    @Option(help: ArgumentHelp("Mail whose last try failed for a reason with this text.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp("Mail that came longer ago than this, such as 15m, 2h or 3d.", valueName: "age"),
        transform: { try Duration(age: $0) }
    )
    var olderThan: Duration?

    @Option(help: ArgumentHelp("Mail in this state: incoming, active, deferred, hold or maildrop.", valueName: "state"))
    var state: QueuedMessage.State?

    func validate() throws {
        // An empty variable of a script must not mean all mail.
        for (name, value) in [("--recipient", recipient), ("--client", client), ("--reason", reason)] where value == ""
        {
            throw ValidationError("\(name) is empty; name what to choose")
        }
    }

    var selection: QueueSelection {
        var selection = QueueSelection()
        (selection.ids, selection.sender, selection.recipient) = (ids, sender, recipient)
        (selection.client, selection.reason) = (client, reason)
        (selection.olderThan, selection.state) = (olderThan, state)
        return selection
    }
}

extension QueuedMessage.State: ExpressibleByArgument {}

/// A change of the chosen messages.
struct QueueAction: ParsableArguments {
    static let exitStatus = """
        Shows the messages and asks, unless --yes is given.

        Exit status: 0 done, or no message is chosen; 1 an error, or the answer was not yes.
        """

    @OptionGroup var options: CommonOptions
    @OptionGroup var choice: QueueChoice

    @Flag(help: "Choose all messages.")
    var all = false

    @Flag(help: "Show the messages, and change nothing.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    func validate() throws {
        guard choice.selection.isSet != all else {
            throw ValidationError(all ? "--all goes with no other choice" : "choose messages, or give --all")
        }
    }

    func run(_ change: QueueChange) async throws {
        try await Session.run(options, needsRoot: true) { session in
            let now = Timestamp.seconds
            let queue = PostfixQueue(files: session.host.files)
            try queue.requireFolders()
            let messages = try queue.messages().filter {
                choice.selection.contains($0, at: now) && change.applies(to: $0)
            }
            print(QueueList(messages, now: now).text, terminator: "")
            guard !messages.isEmpty, !dryRun else { return }
            guard yes || isConfirmed(change, messages.count) else { throw NotConfirmed() }
            let done = try await change.apply(to: messages, in: queue, by: session.host.runner)
            print("\(change.done): \(done) of \(messages.count)")
        }
    }

    private func isConfirmed(_ change: QueueChange, _ count: Int) -> Bool {
        print(
            "\(change.question) \(count == 1 ? "this message" : "these \(count) messages")? Type yes: ",
            terminator: ""
        )
        fflush(nil)
        return readLine(strippingNewline: true) == "yes"
    }
}

/// Nobody has agreed to the change.
struct NotConfirmed: Error, CustomStringConvertible {
    let description = "nothing was changed: the answer was not 'yes'; give --yes where nobody can answer"
}

extension Duration {
    /// Parses `90s`, `15m`, `2h` or `3d`.
    fileprivate init(age text: String) throws {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()),
            (0...100_000).contains(number)
        else { throw ValidationError("'\(text.escapedForDisplay)' is no age, such as 90s, 15m, 2h or 3d") }
        self = .seconds(number * unit)
    }
}
