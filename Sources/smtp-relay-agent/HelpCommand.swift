import ArgumentParser
import RelayAgent

/// Stands in for the argument parser's own `help`, which knows commands and no topics.
struct HelpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "help",
        abstract: "Show the help of a command, or a topic of the reference.",
        // The parser adds its own to manual page and completions, and one is enough.
        shouldDisplay: false
    )

    @Argument(help: "A command, or a topic.")
    var words: [String] = []

    @Flag(help: "Print the page of the reference, units/REFERENCE.md.")
    var markdown = false

    func run() throws {
        if markdown {
            print(ReferencePage().text, terminator: "")
        } else if let topic = words.first.flatMap(HelpTopic.named), words.count == 1 {
            print(topic.text(width: 100), terminator: "")
        } else {
            throw CleanExit.helpRequest(try command())
        }
    }

    private func command() throws -> any ParsableCommand.Type {
        var found: any ParsableCommand.Type = SMTPRelayAgent.self
        for word in words {
            guard let next = found.configuration.subcommands.first(where: { $0._commandName == word }) else {
                let topics = HelpTopic.all.map(\.name).joined(separator: ", ")
                throw ValidationError("'\(word)' is neither a command nor a topic; the topics are \(topics)")
            }
            found = next
        }
        return found
    }
}
