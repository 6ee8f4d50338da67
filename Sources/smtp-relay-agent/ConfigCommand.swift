import AgentLog
import ArgumentParser
import RelayAgent
import Settings
import Vocabulary

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the settings, show them with their sources, or print their schema.",
        subcommands: [Check.self, Show.self, Schema.self]
    )

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the settings of the file, the environment and the flags.",
            discussion: """
                Runs anywhere, as any user. 'config show' and every pass check the settings in the instance's tags.

                Exit status: 0 the settings are valid; 1 they are not, and each line says what is wrong and where.
                """
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await Session.run(options) { session in
                let problems = session.gatherer.problems
                for problem in problems { session.log.failed("settings", "\(problem)") }
                guard problems.isEmpty else { throw ExitCode.failure }
                print("The settings are in order.")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show each setting and its source.",
            discussion: """
                Reads the tags of the instance, so it needs instance metadata. With --no-tags it runs anywhere. A sender has no \
                tags.

                Exit status: 0 all settings are shown; 1 a setting is invalid, or the tags cannot be read.
                """
        )

        @OptionGroup var options: CommonOptions

        @Flag(help: "Ignore the settings in the instance's tags.")
        var noTags = false

        func run() async throws {
            try await Session.run(options) { session in
                let (settings, problems) = try await session.gatherer.settings(readsTags: !noTags)
                switch settings {
                case .sender(let settings): print(settings.table, terminator: "")
                case .relay(let settings): print(settings.table, terminator: "")
                }
                // The tags that are wrong were left out above.
                for problem in problems { session.log.failed("settings", "\(problem)") }
                guard problems.isEmpty else { throw ExitCode.failure }
            }
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a JSON Schema of the settings.",
            discussion: """
                For editors that check TOML while it is written, and for pipelines. It describes the settings' file and the \
                settings of a fleet, each value by itself: 'config check' also sees what does not go together.
                """
        )

        func run() throws { print(SettingsSchema(), terminator: "") }
    }
}
