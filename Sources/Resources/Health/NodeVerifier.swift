package import Host
package import RelayNode
package import SMTP
package import SystemPackage
package import Vocabulary

/// Proves that the node does its job and no more: Postfix answers, relays for the allowed networks, refuses everyone
/// else, and has room for what it accepts.
///
/// The relay's policy can change only with Postfix's files or the networks, and each proof writes some lines to the
/// mail log. So it is kept, with what it was a proof of, and made again when that is no longer so.
package struct NodeVerifier: Sendable {
    private let probe: any RelayProbing
    private let selfTest: SelfTest
    private let files: FileSystem
    let observer: ProbeObserver

    /// In /run: after a boot, Postfix has read its files anew.
    private static let proof: FilePath = "/run/smtp-relay-agent/proof"

    package init(
        probe: any RelayProbing,
        selfTest: SelfTest,
        files: FileSystem,
        observer: ProbeObserver = .none
    ) {
        self.probe = probe
        self.selfTest = selfTest
        self.files = files
        self.observer = observer
    }

    /// Whether the relay's policy was proven as it is now. Then the proof that holds is reported, with its time.
    package func isProven() throws -> Bool {
        guard try files.file(at: Self.proof)?.bytes == Array(subject().utf8) else { return false }
        observer.report(ProbeReport(.relayPolicy, attempts, at: files.modificationTime(of: Self.proof)))
        return true
    }

    /// Proves the relay's policy, and keeps the proof.
    ///
    /// - Throws: An `SMTPFailure` or a `RelayPolicyFailure`.
    package func prove() async throws {
        let subject = try subject()
        try files.remove(Self.proof)
        try await observer.observing(.relayPolicy, attempts) { try await checkPolicy() }
        try files.createDirectory(Self.proof.removingLastComponent())
        try files.replace(Self.proof, with: Array(subject.utf8), attributes: FileAttributes())
    }

    /// Whether the relay's policy is as its networks have it, without keeping a proof.
    ///
    /// - Throws: An `SMTPFailure` or a `RelayPolicyFailure`.
    package func checkPolicy() async throws {
        let clients = selfTest.outsiders + selfTest.insiders
        let replies = try await probe.relayAttempts(by: clients, to: selfTest.domains)
        for (client, replies) in zip(clients, replies) {
            let isInsider = selfTest.insiders.contains(client)
            for reply in replies {
                if isInsider, !reply.isPositive { throw RelayPolicyFailure.refusesItsOwn(client, reply) }
                if !isInsider, reply.code != 554 { throw RelayPolicyFailure.openRelay(client, reply) }
            }
        }
        // The listener that believes in other addresses is none of the doors themselves.
        for port in selfTest.ports {
            let reply = try await probe.ownRelayAttempt(port: port, isProxied: selfTest.isProxied)
            guard reply.isPositive else { throw RelayPolicyFailure.refusesThisHost(port: port, reply) }
        }
    }

    /// Whether the relay is able to take mail now.
    ///
    /// - Throws: An `SMTPFailure` or a `QueueDiskFull`.
    package func checkService() async throws {
        let ports = selfTest.ports.map { "\($0)" }.joined(separator: " and ")
        try await observer.observing(.smtp, "banner and EHLO on port \(ports)") {
            try await probe.greet(ports: selfTest.ports, isProxied: selfTest.isProxied)
        }
        let queue: FilePath = "/var/spool/postfix"
        guard let free = files.freeSpace(at: queue) else { return }
        try await observer.observing(.queueDisk, "free space of \(queue)") {
            guard free >= selfTest.leastFreeSpace else { throw QueueDiskFull(queue: queue, free: free) }
        }
    }

    /// What the proof consists of, in words.
    private var attempts: String {
        "RCPT TO as \(selfTest.insiders.count) hosts inside and \(selfTest.outsiders.count) outside of the networks"
    }

    /// All that the policy depends on.
    private func subject() throws -> String {
        let clients = selfTest.outsiders.map { "outside \($0)" } + selfTest.insiders.map { "inside \($0)" }
        let ports = selfTest.ports.map { "port \($0)" } + selfTest.domains.map { "domain \($0)" }
        return try files.fingerprint(of: "/etc/postfix") + "\n" + (clients + ports).joined(separator: "\n")
    }
}

/// The relay's answer to a client is not what its networks say it should be.
package enum RelayPolicyFailure: Error, Sendable, CustomStringConvertible {
    case openRelay(IPAddress, SMTPReply)
    case refusesItsOwn(IPAddress, SMTPReply)
    case refusesThisHost(port: UInt16, SMTPReply)

    package var description: String {
        switch self {
        case .openRelay(let client, let reply):
            """
            open relay: \(client) is in no allowed network, but was answered '\(reply)' in place of 554; look for \
            settings that widen relaying: 'postconf -n' (smtpd_*_restrictions, mynetworks, relay_domains) and the \
            -o lines of /etc/postfix/master.cf
            """
        case .refusesItsOwn(let client, let reply):
            """
            the relay refuses its own senders: \(client) is in an allowed network, but was answered '\(reply)'; \
            look at 'postconf mynetworks smtpd_relay_restrictions smtpd_recipient_restrictions smtpd_client_restrictions'
            """
        case .refusesThisHost(let port, let reply):
            """
            the relay refuses this host itself at port \(port) with '\(reply)'; look at that port's -o lines in \
            /etc/postfix/master.cf
            """
        }
    }
}

/// There is no room for more mail.
package struct QueueDiskFull: Error, CustomStringConvertible {
    package let queue: FilePath
    /// Bytes.
    package let free: UInt64

    package var description: String {
        "the disk of \(queue) is full (\(free >> 20) MiB free); see 'df -h \(queue)' and 'mailq | tail -1'"
    }
}
