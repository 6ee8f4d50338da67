import ArgumentParser
import RelayAgent

struct BakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bake",
        abstract: "Prepare this machine for an image (AMI). Its instances then need only 'bootstrap'.",
        discussion: """
            Installs the packages, this program and its units. Stops and disables Postfix and nginx, so that nothing answers \
            on an instance before 'bootstrap' has configured it. Removes what belongs to this machine and its people alone: \
            SSH keys, credentials such as ~/.aws, the smarthost's password file, machine id, seeds, the state of cloud-init and \
            the SSM agent, leases, histories, temporary files, all logs. Files of /tmp that are in use stay. Prints the content \
            of the image, what stays, and everything that was removed. Needs no settings, no metadata and no AWS.

            Run it as the last step before you make the image: as the last Packer provisioner or Image Builder component. \
            Sessions that are open stay open, but nobody can log in by SSH afterwards. Do not run it from user-data: \
            cloud-init writes its state only after user-data has ended. The user-data of the instances must run 'bootstrap'.

            Refuses a relay node, and a host with mail in its queue.

            Exit status: 0 you may make the image; 1 you may not.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let passwordFile = session.gatherer.passwordFile
            let bake = Bake(host: session.host, log: session.log, passwordFile: passwordFile)
            print(try await bake.run(), terminator: "")
        }
    }
}
