import AgentLog
import Host
import RelayNode
import Resources
import SystemPackage
import Vocabulary

/// The checks of a pass over a sender, before it sets anything.
struct SenderCheck: Sendable {
    private let postfix: SenderPostfix
    private let host: HostAccess
    private let log: StepLog

    init(_ postfix: SenderPostfix, host: HostAccess, log: StepLog) {
        self.postfix = postfix
        self.host = host
        self.log = log
    }

    /// - Throws: A `StepFailure` where the host can't be such a sender.
    func check() async throws(StepFailure) {
        guard !Self.tracesOfRelay.contains(where: host.files.exists) else {
            throw StepFailure(step: "settings", cause: WasRelay())
        }
        let found = PostfixFiles(files: host.files)
        for override in RelayhostOverride.all(mainCf: found.mainCf, masterCf: found.masterCf) {
            log.warning("postfix", "\(override)")
        }
        // A relayhost in force was checked before; names are looked up only before a change.
        guard !postfix.isInForce(in: found.mainCf) else { return }
        do {
            try await RelayHostWay(postfix.relayhost, files: host.files).expectAnotherHost()
        } catch let failure as RelayHostIsThisHost {
            throw StepFailure(step: "settings", cause: failure)
        } catch {
            // It may come up later than this host does.
            log.warning("postfix", "the name in sender.relayhost, \(postfix.relayhost), can't be looked up: \(error)")
        }
    }

    /// The records that only a relay keeps of its services; older versions kept them elsewhere.
    private static let tracesOfRelay: [FilePath] = [
        GenerationStore.directory(of: ServiceName("nginx")), "/var/lib/smtp-relay-agent/proven/nginx",
    ]
}

/// A relay does not turn into a sender: what it set for others would stay, and its mail might come back by its own load
/// balancer.
struct WasRelay: Error, CustomStringConvertible {
    var description: String {
        """
        role is "sender", but this host was made a relay before, and its load balancers may still send to it; take another \
        host, or set role to "relay" again. Once it is out of its load balancers, with nginx and the relay's settings in \
        /etc/postfix removed by hand, 'rm -r /var/lib/smtp-relay-agent' has that forgotten
        """
    }
}
