package import Host
package import RelayNode
package import SMTP
package import SystemPackage
package import Vocabulary

/// Proves that the node does its job and no more: Postfix answers, relays for the allowed networks, refuses everyone
/// else, and has room for what it accepts.
package struct NodeVerifier: Sendable {
    private let probe: any RelayProbing
    private let selfTest: SelfTest
    private let files: FileSystem

    package init(probe: any RelayProbing, selfTest: SelfTest, files: FileSystem) {
        self.probe = probe
        self.selfTest = selfTest
        self.files = files
    }

    /// - Throws: The first thing that is wrong: an `SMTPFailure`, a `RelayPolicyFailure` or a `QueueDiskFull`.
    package func verify() async throws {
        try await probe.greet()
        let clients = selfTest.outsiders + selfTest.insiders
        let replies = try await probe.relayAttempts(by: clients)
        for (client, reply) in zip(clients, replies) {
            let isInsider = selfTest.insiders.contains(client)
            if isInsider, !reply.isPositive { throw RelayPolicyFailure.refusesItsOwn(client, reply) }
            if !isInsider, reply.code != 554 { throw RelayPolicyFailure.openRelay(client, reply) }
        }
        try checkQueueDisk()
    }

    private func checkQueueDisk() throws {
        let queue = FilePath("/var/spool/postfix")
        guard let free = files.freeSpace(at: queue) else { return }
        guard free >= Self.leastFreeSpace else { throw QueueDiskFull(queue: queue, free: free) }
    }

    /// Bytes: room for a few messages of the largest size that Postfix takes by default (10 MB).
    private static let leastFreeSpace: UInt64 = 64 << 20
}

/// The relay's answer to a client is not what its networks say it should be.
package enum RelayPolicyFailure: Error, Sendable, CustomStringConvertible {
    case openRelay(IPAddress, SMTPReply)
    case refusesItsOwn(IPAddress, SMTPReply)

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
