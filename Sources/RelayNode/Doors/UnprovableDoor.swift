import Vocabulary

/// A door of master.cf of which nobody can say from outside that it is closed to strangers.
package struct UnprovableDoor: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// An option that may set another policy there than main.cf has.
        case override(name: String, value: String)
        /// A word of the command line that is no `-o`.
        case argument(String)
        /// Another program than smtpd or postscreen.
        case program(String)
        /// A program of the right name that is not the one that Postfix brought along.
        case command(String)
        /// Another program than smtpd, to which postscreen may hand its connections.
        case heir(String)
        /// The door is of a further instance of Postfix, with its files in this folder.
        case instance(folder: String)
        /// The port is a name that is not known here.
        case portName
        /// The address is a name.
        case hostName
    }

    /// The service as master.cf names it.
    package let service: String
    package let reason: Reason

    package init(service: String, reason: Reason) {
        self.service = service
        self.reason = reason
    }

    package var description: String {
        """
        \(folder.escapedForDisplay)/master.cf: the '\(service.escapedForDisplay)' service \(explanation), and run \
        'smtp-relay-agent reconcile'
        """
    }

    private var folder: String {
        if case .instance(let folder) = reason { folder } else { "/etc/postfix" }
    }

    private var explanation: String {
        switch reason {
        case .override(let name, let value):
            """
            sets '-o \(name.escapedForDisplay)=\(value.escapedForDisplay)', so nobody can prove that it is closed to \
            strangers; remove that option, or let the service listen on 127.0.0.1 only
            """
        case .argument(let word):
            """
            has '\(word.escapedForDisplay)' on its command line, so nobody can prove that it is closed to strangers; \
            remove that word, or let the service listen on 127.0.0.1 only
            """
        case .program(let program):
            """
            runs '\(program.escapedForDisplay)', so nobody can prove that it is closed to strangers; use smtpd or \
            postscreen there, or let the service listen on 127.0.0.1 only
            """
        case .command(let command):
            """
            runs '\(command.escapedForDisplay)', which is not Postfix's own program of that name, so nobody can prove \
            that it is closed to strangers; write the name alone, or let the service listen on 127.0.0.1 only
            """
        case .heir(let command):
            """
            gets connections from postscreen and runs '\(command.escapedForDisplay)', so nobody can prove that it is \
            closed to strangers; let it run smtpd, or remove it
            """
        case .instance(let folder):
            """
            belongs to a further instance of Postfix, which is not proven; stop it with \
            'postfix -c \(folder.escapedForDisplay) stop' and let nothing start it again, or let the service listen on \
            127.0.0.1 only
            """
        case .portName: "has an unknown port name; write the port's number"
        case .hostName: "listens at a host name; write the address"
        }
    }
}
