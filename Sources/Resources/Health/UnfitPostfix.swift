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
                the file system of \(queue) can hold \(files) files more, so Postfix can't take mail; see 'df -i \(queue)' \
                and 'mailq | tail -1'
                """
        }
        return """
            the disk of \(queue) is full (\(space.bytes >> 20) MiB free), so Postfix can't take mail; see 'df -h \(queue)' \
            and 'mailq | tail -1'
            """
    }
}

/// Postfix's master process was stopped by a signal, so nothing new is served.
package struct StoppedMaster: Error, CustomStringConvertible {
    package var description: String {
        "Postfix's master process was stopped by a signal; 'systemctl kill -s CONT postfix' has it go on"
    }
}

/// A door that did not answer in time, though processes that serve it are at work: slow, as it seems, and not dead.
package struct BusyDoor: Error, CustomStringConvertible {
    package let failure: SMTPFailure

    package var description: String {
        """
        \(failure), though Postfix is at work: it may have too much to do; see 'ss -tn sport = :25 | wc -l' and \
        'postconf default_process_limit'
        """
    }
}
