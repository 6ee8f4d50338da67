package import Host
package import SystemPackage

/// The traces on a machine's disk that no other machine may have.
///
/// Once it is gone nobody new can log in by SSH, so it comes last of all that is done to an image. cloud-init gives each
/// instance host keys, a host's name and its user's authorized keys anew; systemd gives it a machine id and a seed.
package struct MachineTraces: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
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
        let homes = try ["/root"] + children(of: "/home") { _ in true }
        let journal = try files.plainFiles(below: Self.journal)
        let logs = try files.plainFiles(below: "/var/log").filter { !$0.starts(with: Self.journal) }
        let all = [
            Trace(
                name: "the agent's state",
                removed: ["/var/lib/smtp-relay-agent", "/etc/smtp-relay-agent/environment"]
            ),
            Trace(name: "SSH host keys", removed: try children(of: "/etc/ssh") { $0.hasPrefix("ssh_host_") }),
            Trace(name: "authorized SSH keys", removed: homes.map { $0.appending(".ssh/authorized_keys") }),
            Trace(name: "shell histories", removed: homes.map { $0.appending(".bash_history") }),
            Trace(name: "cloud-init's state", removed: try children(of: "/var/lib/cloud") { $0 != "seed" }),
            Trace(name: "the machine id", removed: try dbusID(), emptied: ["/etc/machine-id"]),
            Trace(name: "random seeds", removed: Self.seeds),
            Trace(name: "leases of addresses", removed: try leases()),
            Trace(name: "the host's name", removed: try instanceName()),
            Trace(name: "local mail", removed: try children(of: "/var/spool/mail") { _ in true }),
            Trace(name: "logs", removed: journal, emptied: logs),
        ]
        return all.compactMap { trace in
            var trace = trace
            trace.removed = trace.removed.filter(files.exists)
            trace.emptied = trace.emptied.filter { (files.size(of: $0) ?? 0) > 0 }
            return trace.removed.isEmpty && trace.emptied.isEmpty ? nil : trace
        }
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

    /// A name that EC2 has made of the instance's address or id, and cloud-init has written down; others are somebody's.
    private func instanceName() throws -> [FilePath] {
        let path: FilePath = "/etc/hostname"
        let name = String(decoding: try files.file(at: path)?.bytes ?? [], as: UTF8.self)
        return name.hasPrefix("ip-") || name.hasPrefix("i-") ? [path] : []
    }
}
