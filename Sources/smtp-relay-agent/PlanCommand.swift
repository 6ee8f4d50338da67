import ArgumentParser
import FoundationEssentials
import Host
import Reconcile
import RelayAgent
import Vocabulary

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a pass would change, without changing anything.",
        discussion: """
            Prints a unified diff of each file, the packages, the services and the registration that a pass would \
            change. What can be told only once other changes are made is named.

            With --facts it runs anywhere, as any user, also off EC2: FILE is what 'smtp-relay-agent facts' printed.

            Exit status: 0 nothing to do; 2 there are changes to make; 1 an error.
            """
    )

    @OptionGroup var options: CommonOptions

    @Option(
        name: .customLong("facts"),
        help: ArgumentHelp("Take the instance's facts from a file.", valueName: "file")
    )
    var factsFile: String?

    func run() async throws {
        try await Session.run(options) { session in
            let facts = try factsFile.map { try FactsDocument.read($0, files: session.host.files) }
            let plan = try await session.pass.plan(facts: facts)
            print(PlanReport(plan), terminator: "")
            if !plan.isEmpty { throw ExitCode(2) }
        }
    }
}
