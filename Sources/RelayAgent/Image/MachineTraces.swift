package import Host
package import SystemPackage

/// The traces on a machine's disk that no other machine may have.
///
/// Once it is gone nobody new can log in by SSH, so it comes last of all that is done to an image. cloud-init gives each
/// instance host keys, a host's name and its user's authorized keys anew; systemd gives it a machine id and a seed.
package struct MachineTraces: Sendable {
    private let files: FileSystem
    private let inUse: FilesInUse
    /// The file with the smarthost's password, where the settings name one.
    private let passwordFile: FilePath?

    package init(files: FileSystem, passwordFile: FilePath? = nil) {
        self.files = files
        self.inUse = FilesInUse(files: files)
        self.passwordFile = passwordFile
    }

    /// Traces of one kind.
    package struct Trace: Sendable, Equatable {
        package let name: String
        /// The paths that are removed, folders with all that is in them.
        package var removed: [FilePath] = []
        /// Plain files of which only the bytes go.
        package var emptied: [FilePath] = []
    }

    /// The traces that are there.
    ///
    /// - Throws: `FileFailure` where a folder can't be looked into.
    package func found() throws -> [Trace] {
        let homes = try HomeTraces(files: files, homes: ["/root"] + children(of: "/home") { _ in true })
        let journal = try files.plainFiles(below: Self.journal)
        let logs = try files.plainFiles(below: "/var/log").filter { !$0.starts(with: Self.journal) }
        let temporary = try self.temporary
        let all = [
            Trace(
                name: "the agent's state",
                removed: ["/var/lib/smtp-relay-agent", "/etc/smtp-relay-agent/environment"]
            ),
            Trace(name: "SSH host keys", removed: try children(of: "/etc/ssh") { $0.hasPrefix("ssh_host_") }),
            Trace(name: "SSH keys and known hosts", removed: try homes.sshKeys()),
            Trace(name: "credentials of people", removed: homes.credentials),
            Trace(name: "the smarthost's password", removed: [passwordFile].compactMap(\.self)),
            Trace(name: "histories", removed: try homes.histories()),
            Trace(name: "cloud-init's state", removed: try children(of: "/var/lib/cloud") { $0 != "seed" }),
            Trace(name: "the machine id", removed: try dbusID(), emptied: ["/etc/machine-id"]),
            Trace(name: "random seeds", removed: Self.seeds),
            Trace(name: "leases of addresses", removed: try leases()),
            Trace(name: "the host's name", removed: try instanceName()),
            Trace(name: "local mail", removed: try children(of: "/var/spool/mail") { _ in true }),
            Trace(name: "the SSM agent's state", removed: try ssm.filter { inUse.user(of: $0) == nil }),
            Trace(name: "temporary files", removed: temporary.filter { inUse.user(of: $0) == nil }),
            // A log that was rotated away is written by nobody any more.
            Trace(
                name: "logs",
                removed: journal + logs.filter(Self.isRotated),
                emptied: logs.filter { !Self.isRotated($0) }
            ),
        ]
        return all.compactMap { trace in
            var trace = trace
            trace.removed = trace.removed.filter(files.exists)
            trace.emptied = trace.emptied.filter { (files.size(of: $0) ?? 0) > 0 }
            return trace.removed.isEmpty && trace.emptied.isEmpty ? nil : trace
        }
    }

    /// The traces that have to stay for now, each with its user: those who run `bake`, as a rule.
    package func keptInUse() throws -> [(path: FilePath, user: String)] {
        try (ssm + temporary).compactMap { path in inUse.user(of: path).map { (path, $0) } }
    }

    private var temporary: [FilePath] {
        get throws { try ["/tmp", "/var/tmp"].flatMap { try children(of: FilePath($0)) { _ in true } } }
    }

    private var ssm: [FilePath] { get throws { try children(of: "/var/lib/amazon/ssm") { _ in true } } }

    /// `messages.1`, `maillog-20261130`, `syslog.2.gz` (logrotate(8)).
    private static func isRotated(_ path: FilePath) -> Bool {
        let name = path.lastComponent?.string ?? ""
        if [".gz", ".xz", ".bz2", ".zst", ".lz4", ".old"].contains(where: name.hasSuffix) { return true }
        let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
        let mark = name.dropLast(digits).last
        return digits > 0 && (mark == "." || mark == "-" && digits >= 8)
    }

    /// Removes and empties.
    package func clear(_ trace: Trace) throws {
        for path in trace.removed { try files.removeTree(path) }
        for path in trace.emptied { try files.empty(path) }
    }

    private static let journal: FilePath = "/var/log/journal"
    /// The system's, of systemd and before it, and that of Postfix's TLS.
    private static let seeds: [FilePath] = [
        "/var/lib/systemd/random-seed", "/var/lib/random-seed", "/var/lib/postfix/prng_exch",
    ]

    private func children(of folder: FilePath, where matches: (String) -> Bool) throws -> [FilePath] {
        try (files.names(in: folder) ?? []).filter(matches).map { folder.appending($0) }
    }

    private func leases() throws -> [FilePath] {
        try ["/var/lib/dhclient", "/var/lib/dhcp", "/var/lib/NetworkManager"].flatMap { folder in
            try children(of: FilePath(folder)) { $0.hasSuffix(".lease") || $0.hasSuffix(".leases") }
        }
    }

    /// D-Bus's copy of the machine id; as a link it is empty already.
    private func dbusID() throws -> [FilePath] {
        let path: FilePath = "/var/lib/dbus/machine-id"
        return try files.file(at: path)?.isRegular == true ? [path] : []
    }

    /// A name that EC2 has made of the instance's address or id, and cloud-init has written down; others are somebody's
    /// (EC2 User Guide, "Instance hostname types").
    private func instanceName() throws -> [FilePath] {
        let path: FilePath = "/etc/hostname"
        let text = String(decoding: try files.file(at: path)?.bytes ?? [], as: UTF8.self)
        let name = text.filter { !$0.isWhitespace }.lowercased()
        let (host, domain) = (name.prefix { $0 != "." }, name.drop { $0 != "." })
        let isOfEC2 = domain.isEmpty || domain == ".ec2.internal" || domain.hasSuffix(".compute.internal")
        let numbers = host.dropFirst(3).split(separator: "-", omittingEmptySubsequences: false)
        let isAddress = host.hasPrefix("ip-") && numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil }
        let digits = host.dropFirst(2)
        let isID = host.hasPrefix("i-") && [8, 17].contains(digits.count) && digits.allSatisfy(\.isHexDigit)
        return isOfEC2 && (isAddress || isID) ? [path] : []
    }
}
