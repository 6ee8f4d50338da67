import ArgumentParser
import RelayAgent
import Settings
import Vocabulary

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the settings, or show them with their sources.",
        subcommands: [Check.self, Show.self]
    )

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the settings of the file, the environment and the flags.",
            discussion: """
                Needs no instance: it runs anywhere, as any user. Settings in the instance's tags are checked by \
                'config show' and by every pass.

                Exit status: 0 nothing is wrong; 1 something is, and each line says what and where.
                """
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await Session.run(options) { session in
                let problems = try session.sources().check(tags: nil)
                for problem in problems { session.log.failed("settings", "\(problem)") }
                guard problems.isEmpty else { throw ExitCode.failure }
                print("The settings are in order.")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show each setting in force, and where it came from.",
            discussion: """
                Reads the instance's tags, so it needs metadata; --no-tags leaves them out, and runs anywhere. A sender \
                has none.

                Exit status: 0; 1 where a setting is wrong or the tags can't be read.
                """
        )

        @OptionGroup var options: CommonOptions

        @Flag(help: "Leave out the settings in the instance's tags.")
        var noTags = false

        func run() async throws {
            try await Session.run(options) { session in
                switch try session.inputs.role() {
                case .sender(let settings): print(settings.table, terminator: "")
                case .relay:
                    let tags = noTags ? [:] : try await session.inputs.facts().tags
                    print(try session.inputs.settings(tags: tags).table, terminator: "")
                }
            }
        }
    }
}
