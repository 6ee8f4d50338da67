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
            return "'ss -ltnp sport = :\(holder.port)' run as root names it; stop it"
        }
        if holder.program == "master" {
            // The one that the pid file names would have been stopped.
            return "it is a Postfix of another configuration, or has lost its pid file: run 'kill \(process)'"
        }
        return """
            stop it for good ('\(commands.whose(process: process))' shows its service, \
            '\(commands.stopAndDisable(ServiceName("NAME")))' stops a service), or let it listen on another port
            """
    }
}
