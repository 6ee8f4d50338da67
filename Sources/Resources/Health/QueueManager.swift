import Host

/// Postfix's queue manager.
struct QueueManager: Sendable {
    let runner: any CommandRunner

    /// Wakes it. Postfix slows senders down by tokens (postconf(5), in_flow_delay): a message takes one, and the queue manager
    /// gives them back when it wakes. Without one, each message of a proof would wait for a second.
    func wake() async {
        _ = try? await runner.run(Command("postkick", ["public", "qmgr", "I"]))
    }
}
