import Host
import RelayNode
import SystemPackage

/// Postfix's files as they would be, judged by Postfix's own programs before anything is changed.
struct PostfixCandidate {
    static let directory: FilePath = "/etc/postfix"

    let runner: any CommandRunner
    let files: FileSystem
    /// The setting of TLS on the way out.
    let levelSetting: String

    /// Has a folder with the candidate read, and `postfix check` judge it.
    ///
    /// `postfix check` looks for what main.cf refers to beside it, and refuses a main.cf elsewhere that the default one
    /// does not list; so it runs in a mount namespace of its own, where a copy of /etc/postfix stands in its place.
    ///
    /// - Parameters:
    ///   - candidate: The files that differ from those in /etc/postfix, with their attributes.
    ///   - read: Sees what is in that folder.
    func judge(
        _ candidate: [(path: FilePath, bytes: [UInt8], attributes: FileAttributes)],
        _ read: (FilePath) async throws -> Void
    ) async throws {
        let staged: FilePath = "/run/smtp-relay-agent/staged-postfix"
        try files.removeDirectory(staged)
        try files.createDirectory(staged)
        defer { try? files.removeDirectory(staged) }
        for name in try files.names(in: Self.directory) ?? [] {
            let path = Self.directory.appending(name)
            let file = try files.state(of: path)
            // A link would lead elsewhere from the copy.
            guard file.hasText else { continue }
            try files.replace(staged.appending(name), with: file.bytes, attributes: file.attributes)
        }
        for file in candidate {
            guard let name = file.path.lastComponent?.string else { continue }
            try files.replace(staged.appending(name), with: file.bytes, attributes: file.attributes)
        }
        try await read(staged)
        let check = Command(
            "unshare",
            ["--mount", "sh", "-c", Self.checkScript, staged.string, Self.directory.string],
            timeout: .seconds(60)
        )
        let output = try await runner.run(check)
        guard output.status == 0 else { throw InvalidCandidate(judge: "postfix check", verdict: output.tail()) }
    }

    /// Postfix reports faults to a terminal, or else only to the log; so it gets a terminal. It looks at each message
    /// of the queue (postsuper(1)), which takes minutes where there are many, so it gets an empty queue as well. Older
    /// versions of unshare(1) would show the mounts there to all processes.
    private static let checkScript = """
        mount --make-rprivate / || exit
        mount --bind "$0" "$1" || exit
        queue=$(postconf -h queue_directory) && mount -t tmpfs -o mode=755 tmpfs "$queue"
        if command -v script >/dev/null; then exec script -qec 'postfix check' /dev/null; else exec postfix check; fi
        """

    /// Throws unless Postfix reads the meant values in the main.cf of a folder, and can work with them.
    ///
    /// - Parameter meant: The parameters that it has to read there.
    func understood(in directory: FilePath, as meant: [String: String]) async throws {
        if meant["smtp_dns_support_level"] != nil {
            let cure = "this Postfix is older than 2.11 and knows no DANE; set \(levelSetting) to another level"
            try await require("smtp_dns_support_level", cure)
        }
        let output = try await runner.run(Command("postconf", ["-c", directory.string, "-n"]))
        guard output.status == 0 else { throw InvalidCandidate(judge: "postconf -n", verdict: output.tail()) }
        let understood = MainCf(output.standardOutput)
        for (name, value) in meant.sorted(by: { $0.key < $1.key }) where understood[name] != value {
            let verdict = "\(name) reads '\(understood[name] ?? "")', not '\(value)'"
            throw InvalidCandidate(judge: "postconf -n", verdict: verdict)
        }
        guard meant["smtp_tls_security_level"] == "fingerprint" else { return }
        // A table of the operator's own may have the fingerprints of each server.
        let hasOwnPolicies = meant[Self.policies] == nil && understood[Self.policies]?.isEmpty == false
        guard hasOwnPolicies || understood[Self.fingerprints]?.isEmpty == false else {
            let verdict = """
                \(levelSetting) is "fingerprint", but no mail could leave: set \(Self.fingerprints) in \
                \(Self.directory)/main.cf to the fingerprints of the servers that mail goes to
                """
            throw InvalidCandidate(judge: "smtp-relay-agent", verdict: verdict)
        }
    }

    private static let policies = "smtp_tls_policy_maps"
    private static let fingerprints = "smtp_tls_fingerprint_cert_match"

    /// Whether Postfix has a parameter that not every version of it has.
    func require(_ parameter: String, _ cure: String) async throws {
        let known = try await runner.run(Command("postconf", [parameter]))
        guard known.standardOutput.isEmpty else { return }
        throw InvalidCandidate(judge: "postconf \(parameter)", verdict: cure)
    }
}
