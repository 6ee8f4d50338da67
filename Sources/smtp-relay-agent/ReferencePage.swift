import ArgumentParser
import RelayAgent

/// The page units/REFERENCE.md, which a test keeps equal to this.
struct ReferencePage {
    var text: String {
        let topics = HelpTopic.all.map { "- `smtp-relay-agent help \($0.name)`: \($0.abstract)\n" }.joined()
        let head = """
            # Reference

            The program writes this page: `smtp-relay-agent help --markdown`. On a host, these commands show the same:

            \(topics)- `smtp-relay-agent help COMMAND`: a command


            """
        return head + HelpTopic.all.map { $0.markdown + "\n" }.joined() + commands
    }

    private var commands: String {
        let shown = Self.leaves(of: SMTPRelayAgent.self, below: []).filter { $0.type.configuration.shouldDisplay }
        let rows = shown.map { "| [`\($0.name)`](#\($0.anchor)) | \($0.type.configuration.abstract) |\n" }
        let sections = shown.map { command in
            """

            ### \(command.name)

            ```text
            \(SMTPRelayAgent.helpMessage(for: command.type, columns: 100))
            ```

            """
        }
        return "## Commands\n\n| command | |\n| --- | --- |\n" + rows.joined() + sections.joined()
    }

    private struct Command {
        let name: String
        let type: any ParsableCommand.Type

        /// The section's, as GitHub makes it.
        var anchor: String { name.split(separator: " ").joined(separator: "-") }
    }

    /// The commands that can be run, such as `config check`.
    private static func leaves(of type: any ParsableCommand.Type, below path: [String]) -> [Command] {
        let children = type.configuration.subcommands
        guard !children.isEmpty else { return [Command(name: path.joined(separator: " "), type: type)] }
        return children.flatMap { leaves(of: $0, below: path + [$0._commandName]) }
    }
}
