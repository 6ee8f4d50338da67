package import AgentLog
import Glibc
package import Host
import Resources

/// The signer's first process, which is root's: it hands the keys to a second one, which has no rights and speaks with
/// Postfix.
///
/// It sends the keys again when a pass has written others, so a rotation needs no restart. When the second process ends, it
/// starts another one at once.
package struct SigningService: Sendable {
    private let files: FileSystem
    private let notifier: ServiceNotifier
    private let log: StepLog
    private let arguments: [String]

    private enum Event: Sendable {
        case keysChanged
        case ready
        case counted(SignerCounts.Result)
        case countsDue
        case ended
        case signal
        /// The worker has not ended in its time.
        case overdue
    }

    /// The time that the worker has to end: longer than the one for its messages under way.
    private static let patience: Duration = .seconds(12)
    /// The pause before a worker that has just begun is replaced.
    private static let pause: Duration = .milliseconds(500)

    /// - Parameter arguments: Those of the program that make it the second process.
    package init(files: FileSystem, notifier: ServiceNotifier, log: StepLog, worker arguments: [String]) {
        self.files = files
        self.notifier = notifier
        self.log = log
        self.arguments = arguments
    }

    /// Serves until a signal ends it, after the messages under way.
    ///
    /// - Throws: `NoSigningKeys`, `CompanionFailure`, or a `FileFailure`.
    package func run() async throws {
        guard SigningKeyRing.file(files).read() != nil else { throw NoSigningKeys() }
        let (events, sender) = AsyncStream.makeStream(of: Event.self)
        let signals = Signals([SIGTERM, SIGINT])
        let watch = FileWatch(files: files)
        try watch.watch([SigningKeyRing.path])
        let listeners = [
            Task { for await _ in signals.arrivals { sender.yield(.signal) } },
            Task { for await _ in watch.changes { sender.yield(.keysChanged) } },
        ]
        defer { for listener in listeners { listener.cancel() } }
        var started = ContinuousClock.now
        var worker = try begin(sender)
        var isEnding = false
        var counts = SigningCountsFile(files: files)
        for await event in events {
            switch event {
            case .keysChanged: sendKeys(to: worker)
            case .counted(let result):
                guard counts.count(result) else { continue }
                Task {
                    try? await Task.sleep(for: SigningCountsFile.pause)
                    sender.yield(.countsDue)
                }
            case .countsDue: counts.write()
            case .ready: notifier.ready(status: "signing mail")
            case .signal:
                isEnding = true
                notifier.stopping(status: "ending after the messages under way")
                worker.finish()
                Task {
                    try? await Task.sleep(for: Self.patience)
                    sender.yield(.overdue)
                }
            case .overdue:
                log.warning("signer", "the process that signs hangs, and is ended")
                worker.reap()
                return counts.remove()
            case .ended:
                worker.reap()
                if isEnding { return counts.remove() }
                counts.write()
                log.warning("signer", "the process that signs has ended, and is started again")
                let age = ContinuousClock.now - started
                if age < Self.pause { try await Task.sleep(for: Self.pause - age) }
                started = .now
                worker = try begin(sender)
            }
        }
    }

    private func begin(_ sender: AsyncStream<Event>.Continuation) throws -> WorkerProcess {
        let worker = try WorkerProcess(arguments, as: SigningWorker.user)
        Task {
            for await byte in worker.output {
                sender.yield(SignerCounts.Result(rawValue: byte).map(Event.counted) ?? .ready)
            }
            sender.yield(.ended)
        }
        sendKeys(to: worker)
        return worker
    }

    private func sendKeys(to worker: WorkerProcess) {
        // A file that is gone, or half written by another hand, leaves the worker with the keys that it has.
        guard let bytes = try? files.bytes(at: SigningKeyRing.path), !bytes.isEmpty else { return }
        worker.send(bytes)
    }
}

/// No pass has written keys for the signer.
package struct NoSigningKeys: Error, CustomStringConvertible {
    package var description: String {
        """
        \(SigningKeyRing.path): the signer has no work; set [[mail.dkim]] or mail.senders in the settings, and run \
        'smtp-relay-agent reconcile', which starts the signer by itself
        """
    }
}
