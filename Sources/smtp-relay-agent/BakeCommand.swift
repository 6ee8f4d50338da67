import ArgumentParser
import RelayAgent

struct BakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bake",
        abstract: "Make this machine the content of an image (AMI) whose instances need only 'bootstrap'.",
        discussion: """
            Installs the packages, this program and its units, and stops Postfix and nginx, so that nothing answers \
            on an instance before its 'bootstrap' has configured it. Then takes out what is this machine's alone: SSH \
            host keys and authorized keys, machine id, seeds, cloud-init's state, leases, histories, every log. Prints \
            what is in the image and what was taken out. Needs no settings, no metadata and no AWS.

            It is the last thing to do to a machine before its image is made: who is logged in stays so, but nobody \
            new gets in by SSH. Run it as the last Packer provisioner or Image Builder component, and not from \
            user-data, which cloud-init writes down only afterwards. The instance's user-data still runs 'bootstrap'.

            A relay node is refused, and so is a host with mail in its queue.

            Exit status: 0 the image may be made; 1 not.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            print(try await Bake(host: session.host, log: session.log).run(), terminator: "")
        }
    }
}
