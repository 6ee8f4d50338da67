package import Host
package import SMTP
package import SystemPackage

/// There is no room for more mail.
package struct NoRoom: Error, CustomStringConvertible {
    package let queue: FilePath
    package let space: FreeSpace

    package var description: String {
        if let files = space.files, files < 1000 {
            return """
                the file system of \(queue) has room for \(files) more files, so Postfix can't accept mail; see 'df -i \(queue)' \
                and 'mailq | tail -1'
                """
        }
        return """
            the disk of \(queue) is full (\(space.bytes >> 20) MiB free), so Postfix can't accept mail; see 'df -h \(queue)' \
            and 'mailq | tail -1'
            """
    }
}

/// Postfix's master process was stopped by a signal, so nothing new is served.
package struct StoppedMaster: Error, CustomStringConvertible {
    package var description: String {
        "Postfix's master process was stopped by a signal; 'systemctl kill -s CONT postfix' resumes it"
    }
}

/// All processes of a program that takes part in receiving mail were stopped by a signal.
package struct StoppedPrograms: Error, CustomStringConvertible {
    package let names: [String]

    package var description: String {
        """
        all of Postfix's \(names.joined(separator: " and ")) processes were stopped by a signal, so senders wait in vain; \
        'pkill -CONT -x "\(names.joined(separator: "|"))"' resumes them
        """
    }
}

/// Postfix can't use a part of its queue that it needs to take mail.
package struct UnusableQueue: Error, CustomStringConvertible {
    package enum Problem: Sendable, Equatable {
        case absent
        case access(FilePermissions, owner: UInt32)
        /// A service of master.cf has none.
        case noSocket(String)
    }

    package let path: FilePath
    package let problem: Problem

    package var description: String {
        switch problem {
        case .absent:
            """
            \(path) is missing, so senders wait in vain; run 'postfix set-permissions' and 'systemctl restart postfix'
            """
        case .access(let permissions, let owner):
            """
            \(path) has mode \(String(permissions.rawValue, radix: 8)) and owner \(owner), so Postfix can't use it and senders \
            wait in vain; run 'postfix set-permissions'
            """
        case .noSocket(let service):
            """
            Postfix's \(service) service has no socket in the queue's public or private folder, so senders wait in vain; run \
            'systemctl restart postfix'
            """
        }
    }
}

/// A door that greets and answers no more: what smtpd(8) asks there is dead.
package struct DeafDoor: Error, CustomStringConvertible {
    package let server: SMTPServer
    /// The request that was not answered.
    package let command: String

    init(_ failure: SMTPFailure) {
        self.server = failure.server
        switch failure.reason {
        case .timedOut(let command): self.command = command
        default: self.command = "the connection"
        }
    }

    package var description: String {
        """
        \(server) greets, but does not answer \(command), so senders wait in vain; the cause is Postfix's \(suspects), \
        a milter, a policy service or a name server: see the mail log, \
        'ps -C cleanup,trivial-rewrite,proxymap -o pid,stat,args' and 'postconf smtpd_milters smtpd_client_restrictions \
        smtpd_sender_restrictions'; 'systemctl restart postfix' restarts Postfix's own
        """
    }

    /// smtpd(8) resolves an address at MAIL. At RCPT it asks for the table of a leaving node, and opens a queue file.
    private var suspects: String {
        if command.hasPrefix("MAIL") { return "trivial-rewrite" }
        return command.hasPrefix("RCPT") ? "cleanup, trivial-rewrite or proxymap" : "cleanup"
    }
}

/// A door that did not answer in time, though processes that serve it are at work: slow, as it seems, and not dead.
package struct BusyDoor: Error, CustomStringConvertible {
    package let failure: SMTPFailure

    package var description: String {
        """
        \(failure), though Postfix is at work: it may be overloaded; see 'ss -tn sport = :25 | wc -l' and \
        'postconf default_process_limit'
        """
    }
}
