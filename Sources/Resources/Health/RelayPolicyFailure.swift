package import RelayNode
package import SMTP
package import Vocabulary

/// The relay's doors are not as its networks have it, or nobody can tell.
package enum RelayPolicyFailure: Error, Sendable, CustomStringConvertible {
    /// A stranger got an answer that only senders may get.
    case openRelay(IPAddress, Door, command: String, SMTPReply)
    /// Whatever envelope it tried; `played` names them.
    case refusesItsOwn(IPAddress, Door, SMTPReply, played: String)
    /// A parameter of main.cf that says who may relay.
    case altered(parameter: String, value: String?, wanted: String)
    /// The table of the allowed networks.
    case alteredTable(path: String)
    case unprovable(UnprovableDoor)
    /// A parameter of main.cf by which other programs, or other settings, may serve the doors.
    case misled(parameter: String, value: String)
    /// Postfix's master was started with the files of another folder.
    case otherSettings(folder: String)
    /// A service that the doors need is not in master.cf.
    case missingService(String)
    /// No service of master.cf listens where the load balancer sends to.
    case noDoor(port: UInt16, IPAddress)
    /// Postfix loads its files again and again.
    case keepsLoading

    /// Whether strangers may have their mail relayed; otherwise senders may be refused.
    package var isOpen: Bool {
        switch self {
        case .openRelay, .altered, .alteredTable, .unprovable, .misled, .otherSettings, .keepsLoading: true
        case .refusesItsOwn, .noDoor, .missingService: false
        }
    }

    /// Where to look for the cause of a refusal for now.
    private static func cause(of reply: SMTPReply) -> String {
        let text = "\(reply)".lowercased()
        if text.contains("temporary lookup failure") {
            return """
                the tables that 'postconf -n' names: one that can't be opened ('postmap TYPE:FILE' makes its file, and \
                'postconf -m' lists the types that are installed)
                """
        }
        if text.contains("insufficient system storage") {
            return """
                'postconf queue_minfree message_size_limit' and 'df -h /var/spool/postfix': Postfix wants more free space
                """
        }
        return """
            'postconf smtpd_milters smtpd_client_restrictions smtpd_sender_restrictions' for a service that does not answer
            """
    }

    package var description: String {
        switch self {
        case .openRelay(let client, let door, let command, let reply):
            """
            open relay: \(client) is in no allowed network, but \(command) at port \(door.port) was answered '\(reply)'; \
            look for settings that widen relaying: 'postconf -n' (smtpd_*_restrictions, mynetworks, relay_domains) and the \
            -o lines of '\(door.service)' in /etc/postfix/master.cf
            """
        case .refusesItsOwn(let client, let door, let reply, _) where (400..<500).contains(reply.code):
            """
            the relay could not be proven: \(client) is in an allowed network, but port \(door.port) answered '\(reply)', \
            a refusal for now; look at the mail log, and at \(Self.cause(of: reply))
            """
        case .refusesItsOwn(let client, let door, let reply, let played):
            """
            the relay refuses its own senders: \(client) is in an allowed network, but port \(door.port) answered \
            '\(reply)'; look at 'postconf mynetworks smtpd_client_restrictions smtpd_helo_restrictions \
            smtpd_sender_restrictions' and the -o lines of '\(door.service)' in /etc/postfix/master.cf. The proof used \(played): \
            if a table lists the allowed senders, add this sender, greeting and recipient to it
            """
        case .altered(let parameter, let value, let wanted):
            """
            /etc/postfix/main.cf: \(parameter) is '\(value?.escapedForDisplay ?? "")' instead of '\(wanted)'. It says \
            who may relay; run 'smtp-relay-agent reconcile'
            """
        case .alteredTable(let path):
            "\(path) does not hold the allowed networks any more; run 'smtp-relay-agent reconcile'"
        case .unprovable(let door): "\(door)"
        case .misled(let parameter, let value):
            """
            /etc/postfix/main.cf: \(parameter) is '\(value.escapedForDisplay)', so other programs or settings than those of \
            this Postfix may serve its doors, and nobody can prove that they are closed to strangers; remove that line, and \
            run 'smtp-relay-agent reconcile'
            """
        case .otherSettings(let folder):
            """
            Postfix runs with the settings in \(folder.escapedForDisplay) instead of /etc/postfix, so nobody can prove that \
            its doors are closed to strangers; look for MAIL_CONFIG in 'systemctl cat postfix', and run \
            'postfix -c \(folder.escapedForDisplay) stop' and 'systemctl restart postfix'
            """
        case .missingService(let name):
            """
            /etc/postfix/master.cf has no '\(name)' service, so its doors accept no mail; restore the entry from the \
            package's own master.cf, and run 'smtp-relay-agent reconcile'
            """
        case .noDoor(let port, let address):
            """
            /etc/postfix/master.cf: no smtpd listens at \(address) on port \(port), where the load balancer sends mail; \
            run 'smtp-relay-agent reconcile'
            """
        case .keepsLoading:
            """
            Postfix loads its files again and again, so no proof of the relay stays valid; look for a program that reloads it \
            ('journalctl -t postfix/master')
            """
        }
    }
}
