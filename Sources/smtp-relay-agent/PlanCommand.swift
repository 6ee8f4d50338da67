import ArgumentParser
import FoundationEssentials
import Host
import Reconcile
import RelayAgent
import Vocabulary

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a pass would change. Changes nothing.",
        discussion: """
            Prints a unified diff of each file that a pass would change, and the packages, services and registrations. Names \
            the parts that cannot be compared before other changes are made.

            With --facts it runs anywhere, as any user, also outside EC2. FILE is the output of 'smtp-relay-agent facts'.

            Exit status: 0 nothing to change; 2 there are changes to make; 1 an error.
            """
    )

    @OptionGroup var options: CommonOptions

    @Option(
        name: .customLong("facts"),
        help: ArgumentHelp("Read the instance's facts from a file.", valueName: "file")
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
