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

            With mail.senders, it lists the envelope's senders in the mail log of the last day that would be refused.

            --config ssm:PARAMETER or --config s3://BUCKET/KEY shows what that version of the fleet's settings would change. \
            The host's own settings still come first.

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
        try await Session.run(options, takesFleet: true) { session in
            let facts = try factsFile.map { try FactsDocument.read($0, files: session.host.files) }
            let (plan, senders) = try await session.pass.plan(facts: facts, fleet: try options.fleetPlace)
            if let senders { print(senders, terminator: "") }
            print(PlanReport(plan), terminator: "")
            if !plan.isEmpty { throw ExitCode(2) }
        }
    }
}
