package import SystemPackage

extension FileSystem {
    /// The mail log of syslog: on the RPM distributions, and on Debian.
    package static let mailLogs: [FilePath] = ["/var/log/maillog", "/var/log/mail.log"]

    /// The host's mail log; `nil` where syslog keeps none.
    package var mailLog: FilePath? { Self.mailLogs.first(where: exists) }
}
