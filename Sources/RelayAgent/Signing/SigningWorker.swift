package import AgentLog
import FoundationEssentials
import Host
import RelayNode
import Resources
import Signer
import Synchronization
import Vocabulary

/// The signer's second process: it has no rights, gets its keys from the first one, and speaks with Postfix.
package struct SigningWorker: Sendable {
    private let log: StepLog
    private let results = PendingResults()

    /// The user and group that it runs as. They have no name and own nothing. systemd gives the numbers from 61184 to 65519
    /// to nobody else for good (systemd.exec(5), DynamicUser=).
    package static let user: UInt32 = 64895

    /// The time that messages under way have at the end.
    private static let patience: Duration = .seconds(10)

    package init(log: StepLog) { self.log = log }

    /// Signs until the first process ends.
    ///
    /// - Throws: `NotAWorker`, `UnreadableKeys`, or the system's error where the port is taken.
    package func run() async throws {
        guard let messages = WorkerMessages.arrivals() else { throw NotAWorker() }
        var server: MilterServer?
        let keys = KeysInForce()
        for await message in messages {
            do {
                try keys.take(message)
            } catch {
                // The keys before are still good, and a signer without any is none.
                if server == nil { throw error }
                log.failed("signer", "\(error)")
                continue
            }
            guard server == nil else { continue }
            server = try await start(keys)
            WorkerMessages.tell(1)
        }
        await server?.stop(within: Self.patience)
    }

    private func start(_ keys: KeysInForce) async throws -> MilterServer {
        let settings = MilterSettings(
            keys: { keys.table },
            policy: SenderPolicy(
                rules: { keys.senders },
                domain: { keys.domain },
                report: { [watch = SenderWatch(log: log, results: results)] in watch.saw($0, $1, $2) }
            ),
            headers: { keys.headers },
            time: { Timestamp.seconds },
            observe: { [log, results] outcome in
                results.tell(outcome)
                switch outcome {
                case .notSigned(let failure): log.warning("signer", "a message was not signed: \(failure)")
                case .protocolViolated(let failure): log.warning("signer", "\(failure)")
                case .signed, .leftUnsigned, .noKey, .refused: break
                }
            }
        )
        let port = Int(SignerEndpoint.port)
        // The process before may still be ending its messages.
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                return try await MilterServer.start(host: SignerEndpoint.address, port: port, settings)
            } catch {
                guard ContinuousClock.now < deadline else { throw PortOfSignerTaken(cause: error) }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}

/// The keys that the worker was sent last.
private final class KeysInForce: Sendable {
    private struct Content {
        var table = KeyTable([])
        var headers = SignedHeaders.standard
        var senders: SenderRules?
        var domain: DomainName?
    }

    private let content = Mutex(Content())

    var table: KeyTable { content.withLock { $0.table } }
    var headers: SignedHeaders { content.withLock { $0.headers } }
    var senders: SenderRules? { content.withLock { $0.senders } }
    var domain: DomainName? { content.withLock { $0.domain } }

    /// - Throws: `UnreadableKeys`.
    func take(_ message: [UInt8]) throws(UnreadableKeys) {
        do {
            let ring = try JSONDecoder().decode(SigningKeyRing.self, from: Data(message))
            let keys = try ring.entries.map { try $0.key }
            content.withLock {
                $0 = Content(
                    table: KeyTable(keys),
                    headers: ring.isThroughSES ? .throughSES : .standard,
                    senders: ring.senders,
                    domain: ring.domain
                )
            }
        } catch let failure as KeyFailure {
            throw UnreadableKeys(reason: "\(failure)")
        } catch {
            // The error of the decoder may quote the file, which holds the keys.
            throw UnreadableKeys(reason: "the file is damaged")
        }
    }
}

/// `sign --worker` was started by another hand than that of `sign`.
package struct NotAWorker: Error, CustomStringConvertible {
    package var description: String { "'sign --worker' is started by 'sign' alone; run 'smtp-relay-agent sign'" }
}

/// The signer's port can't be listened on.
struct PortOfSignerTaken: Error, CustomStringConvertible {
    let cause: any Error

    var description: String {
        """
        the signer can't listen on \(SignerEndpoint.address):\(SignerEndpoint.port): \(cause); see \
        'ss -ltnp sport = :\(SignerEndpoint.port)'
        """
    }
}

/// The keys that a pass has written can't be read.
struct UnreadableKeys: Error, CustomStringConvertible {
    let reason: String

    var description: String {
        "\(SigningKeyRing.path): \(reason); remove the file, and 'smtp-relay-agent reconcile' writes it anew"
    }
}
