package import Host
package import Reconcile
import RelayNode
import SystemPackage

/// The queue of a node that leaves: empty, its mail delivered or handed to the other relays.
package struct QueueEvacuation: Resource {
    package let name = "queue"

    private let queue: PostfixQueue
    private let address: @Sendable () async throws -> String?
    private let files: FileSystem
    private let runner: any CommandRunner
    private let deadline: ContinuousClock.Instant
    private let flushTime: Duration
    private let notice: @Sendable (String) -> Void

    private static let mainCf: FilePath = "/etc/postfix/main.cf"

    /// - Parameters:
    ///   - address: Where the other relays are reached, as Postfix writes a relayhost; `nil` where there are none, or
    ///     where the mail is to stay.
    ///   - deadline: When the node has to be gone.
    ///   - flushTime: How long Postfix gets to deliver what it was told to try.
    package init(
        address: @escaping @Sendable () async throws -> String?,
        files: FileSystem,
        runner: any CommandRunner,
        deadline: ContinuousClock.Instant,
        flushTime: Duration = .seconds(8),
        notice: @escaping @Sendable (String) -> Void
    ) {
        self.queue = PostfixQueue(files: files)
        self.address = address
        self.files = files
        self.runner = runner
        self.deadline = deadline
        self.flushTime = flushTime
        self.notice = notice
    }

    package func check() throws -> Check {
        let waiting = try queue.counts().waiting
        guard waiting > 0 else { return .inSync }
        let messages = waiting == 1 ? "1 message" : "\(waiting) messages"
        return .drifted(Drift([Change(.service, "deliver or hand over \(messages)")]) { try await empty() })
    }

    private func empty() async throws {
        try await flush()
        if try await isEmpty(by: min(deadline, .now + flushTime)) { return }
        if let address = try await address() {
            try await handOver(to: address)
            while try await !isEmpty(by: min(deadline, .now + flushTime)) {
                guard ContinuousClock.now < deadline else { return try tellWhatStays() }
                // What was on its way to elsewhere at that moment has come back since, and would wait for long.
                try await flush()
            }
            return
        }
        try tellWhatStays()
    }

    private func tellWhatStays() throws {
        let counts = try queue.counts()
        notice("\(counts.waiting) messages are still queued here, and stay on this node's disk (see: mailq)")
    }

    private func handOver(to address: String) async throws {
        let current = FileText(try files.bytes(at: Self.mainCf))
        let wanted = MainCf(current.string).evacuating(to: address).text
        guard wanted != current.string else { return try await flush() }
        try files.replace(Self.mainCf, with: current.encode(wanted), attributes: FileAttributes())
        // Not through the service manager: it takes no orders for a service that it is about to stop.
        _ = try await runner.runChecked(Command("postfix", ["reload"]))
        try await flush()
    }

    /// Has Postfix try all queued messages now.
    private func flush() async throws {
        _ = try await runner.runChecked(Command("postqueue", ["-f"]))
    }

    private func isEmpty(by deadline: ContinuousClock.Instant) async throws -> Bool {
        while try queue.counts().waiting > 0 {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(300))
        }
        return true
    }
}
