package import Host

/// Another program holds a port that a service needs.
package struct PortTaken: Error, CustomStringConvertible {
    package let service: ServiceName
    package let holder: PortHolder
    let commands: any ServiceCommands

    package var description: String {
        "\(name) can't have port \(holder.port), which is held by \(holder); \(cure), then run 'smtp-relay-agent reconcile'"
    }

    private var name: String { service.description == "postfix" ? "Postfix" : service.description }

    private var cure: String {
        guard let process = holder.process else {
            return "'ss -ltnp sport = :\(holder.port)' names it as root; stop it"
        }
        if holder.program == "master" {
            // The one that the pid file names would have been stopped.
            return "it is a Postfix of another configuration, or has lost its pid file: run 'kill \(process)'"
        }
        return """
            stop it and keep it from coming back ('\(commands.whose(process: process))' tells whose it is, \
            '\(commands.stopAndDisable(ServiceName("NAME")))' takes out a service), or have it listen elsewhere
            """
    }
}
