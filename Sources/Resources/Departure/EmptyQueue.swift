import Host
package import Reconcile
import RelayNode
import Synchronization
import Vocabulary

/// The queue of a node that leaves: empty, its mail delivered or handed to the other relays.
package struct EmptyQueue: Resource {
    package let name = "queue"

    private let postfix: LeavingPostfix
    private let queue: PostfixQueue
    private let ways: @Sendable (_ notice: @escaping @Sendable (String) -> Void) async -> [String]
    private let deadline: ContinuousClock.Instant
    private let attempting: @Sendable (_ way: String?) async throws -> Void
    private let holds: @Sendable () throws -> Void
    private let notice: @Sendable (String) -> Void
    private let pace: Duration
    private let rest: Duration
    private let patience: Duration

    /// - Parameters:
    ///   - ways: Where other relays may be reached now, as Postfix writes a nexthop.
    ///   - deadline: Until when mail is tried.
    ///   - attempting: Is told each way before it is taken, `nil` for the usual one.
    ///   - holds: Whether the node is still to leave: what it throws ends all of it.
    ///   - pace: The time between two looks at the queue.
    ///   - rest: The time that all messages wait before another way is tried.
    ///   - patience: After how long nothing comes of messages that are on their way.
    package init(
        postfix: LeavingPostfix,
        queue: PostfixQueue,
        ways: @escaping @Sendable (_ notice: @escaping @Sendable (String) -> Void) async -> [String],
        deadline: ContinuousClock.Instant,
        attempting: @escaping @Sendable (_ way: String?) async throws -> Void,
        holds: @escaping @Sendable () throws -> Void,
        notice: @escaping @Sendable (String) -> Void,
        pace: Duration = .milliseconds(300),
        rest: Duration = .seconds(3),
        patience: Duration = .seconds(8)
    ) {
        self.postfix = postfix
        self.queue = queue
        self.ways = ways
        self.deadline = deadline
        self.attempting = attempting
        self.holds = holds
        self.notice = notice
        self.pace = pace
        self.rest = rest
        self.patience = patience
    }

    package func check() async throws -> Check {
        try queue.requireFolders()
        if try await isEmpty() { return .inSync }
        return .drifted(Drift([Change(.service, "deliver or hand over \(try waiting())")]) { try await empty() })
    }

    /// A Postfix that is at work where mail waits for it.
    ///
    /// It is not told to try deferred mail: what waits for a server that does not answer could not be handed over meanwhile.
    package var served: any Resource {
        ServedQueue {
            try queue.requireFolders()
            guard !postfix.isRunning, try queue.counts().waiting > 0 else { return .inSync }
            return .drifted(
                Drift([Change(.service, "start Postfix, for \(try waiting())")]) { try await postfix.start() }
            )
        }
    }

    private struct ServedQueue: Resource {
        let name = "delivery"
        let look: @Sendable () throws -> Check

        func check() throws -> Check { try look() }
    }

    private func waiting() throws -> String {
        let count = try queue.counts().waiting
        return count == 1 ? "1 message" : "\(count) messages"
    }

    /// A message that moves between two queues may be seen in neither, so one look is none.
    private func isEmpty() async throws -> Bool {
        guard try queue.counts().waiting == 0 else { return false }
        try await Task.sleep(for: pace)
        return try queue.counts().waiting == 0
    }

    /// Tries one way after another until nothing waits or the deadline has come: who refuses a message now may take it later.
    private func empty() async throws {
        let told = Told()
        let notice = { @Sendable (text: String) in
            if told.isNews(text) { self.notice(text) }
        }
        var turn = 0
        var hasRestarted = false
        while try await !isEmpty(), ContinuousClock.now < deadline {
            let found = await ways(notice)
            let way = turn < found.count ? found[turn] : nil
            turn = way == nil ? 0 : turn + 1
            try await attempting(way)
            do {
                if !postfix.isRunning { try await postfix.start() }
                try await postfix.take(postfix.routes(handOver: way))
                try await postfix.flush()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                notice("\(error)")
            }
            let isStuck = try await watch()
            if !hasRestarted, isStuck || postfix.isStopped, try queue.counts().waiting > 0 {
                hasRestarted = true
                await restart(notice)
            }
        }
    }

    /// A program of Postfix's that hangs takes its part of the queue with it, and the master starts no other one beside it.
    private func restart(_ notice: @Sendable (String) -> Void) async {
        notice("Postfix does not move its mail (see: mailq, ps), so it is stopped and started again")
        do {
            try await postfix.restart()
        } catch {
            notice("\(error)")
        }
    }

    /// The messages that this departure has logged.
    private final class Told: Sendable {
        private let texts = Mutex<Set<String>>([])

        /// Whether a message is new. Words with digits count for nothing: seconds and request ids change with each try.
        func isNews(_ text: String) -> Bool {
            let words = text.split(separator: " ").filter { !$0.utf8.contains(where: \.isDigit) }
            return texts.withLock { $0.insert(words.joined(separator: " ")).inserted }
        }
    }

    /// Looks on while Postfix gets anywhere.
    ///
    /// - Returns: Whether mail is stuck before it gets to the queue manager.
    private func watch() async throws -> Bool {
        var (least, since) = (Int.max, ContinuousClock.now)
        var (entering, enteringSince) = (Int.max, ContinuousClock.now)
        while ContinuousClock.now < deadline {
            try await Task.sleep(for: pace)
            let counts = try queue.counts()
            if counts.waiting == 0 { return false }
            if counts.waiting < least { (least, since) = (counts.waiting, .now) }
            if counts.entering < entering { (entering, enteringSince) = (counts.entering, .now) }
            if ContinuousClock.now - since > (counts.moving == 0 ? rest : patience) {
                return counts.entering > 0 && ContinuousClock.now - enteringSince > patience
            }
            try holds()
        }
        return false
    }
}
