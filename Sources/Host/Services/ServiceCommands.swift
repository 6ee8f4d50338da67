/// The commands with which a person can do the agent's acts and looks on this host: for errors and findings.
///
/// Each is a line for root's shell. A further service manager brings its own.
package protocol ServiceCommands: Sendable {
    /// The service's name for the service manager.
    func name(of service: ServiceName) -> String
    /// Gives the service manager an order: `start`, `stop`, `restart` or `status`.
    func order(_ verb: String, _ service: ServiceName) -> String
    /// Enables a service at boot.
    func enable(_ service: ServiceName) -> String
    /// Keeps a service from coming up with the system.
    func disable(_ service: ServiceName) -> String
    /// Tells what a process belongs to.
    func whose(process: Int32) -> String
    /// Shows what a service has logged last.
    func log(of service: ServiceName) -> String
    /// Shows what Postfix has logged of late.
    ///
    /// - Parameter pattern: The pattern for grep(1), as it stands in the command line.
    func mailLog(matching pattern: String) -> String
}

extension ServiceCommands {
    package func restart(_ service: ServiceName) -> String { order("restart", service) }
    package func status(of service: ServiceName) -> String { order("status", service) }

    // The orders take two commands each, since systemctl's '--now' is of systemd 220.
    package func enableAndStart(_ service: ServiceName) -> String { "\(enable(service)); \(order("start", service))" }
    package func stopAndDisable(_ service: ServiceName) -> String { "\(order("stop", service)); \(disable(service))" }
}

/// The words of systemctl(1) and journalctl(1).
package struct SystemdCommands: ServiceCommands {
    package init() {}

    package func name(of service: ServiceName) -> String { "\(service)" }
    package func order(_ verb: String, _ service: ServiceName) -> String { "systemctl \(verb) \(service)" }
    package func enable(_ service: ServiceName) -> String { order("enable", service) }
    package func disable(_ service: ServiceName) -> String { order("disable", service) }
    package func whose(process: Int32) -> String { "systemctl status \(process)" }
    package func log(of service: ServiceName) -> String { "journalctl -u \(service) -n 50" }
    package func mailLog(matching pattern: String) -> String { "journalctl -u postfix --since=-1h | grep \(pattern)" }
}

/// The words of service(8) and chkconfig(8), and the files that logs are in.
package struct SystemVCommands: ServiceCommands {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    package func name(of service: ServiceName) -> String { SystemV.script(of: service) }
    package func order(_ verb: String, _ service: ServiceName) -> String { "service \(name(of: service)) \(verb)" }
    package func enable(_ service: ServiceName) -> String { "chkconfig \(name(of: service)) on" }
    package func disable(_ service: ServiceName) -> String { "chkconfig \(name(of: service)) off" }
    package func whose(process: Int32) -> String { "ps -fp \(process)" }

    package func log(of service: ServiceName) -> String {
        let file =
            switch name(of: service) {
            case "postfix": mailLog
            case "nginx": "/var/log/nginx/error.log"
            default: "/var/log/smtp-relay-agent.log"
            }
        return "tail -n 50 \(file)"
    }

    package func mailLog(matching pattern: String) -> String { "tail -n 20000 \(mailLog) | grep \(pattern)" }

    private var mailLog: String { "\(files.mailLog ?? FileSystem.mailLogs[0])" }
}
