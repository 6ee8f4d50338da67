package import AgentLog
import Host
import Reports
import Resources
package import SystemPackage
package import Vocabulary

/// The state of another instance that came with its disk, by a snapshot or by the image of a node that was not baked.
///
/// Every pass makes the files anew from this instance's facts, and the state of a boot lies below /run. Three things are
/// left: the order to leave, the mail in the queue, and the counts of the mail log.
package struct OtherInstance: Sendable {
    private let host: HostAccess
    private let log: StepLog

    /// The instance whose disk this is, as its last pass wrote it down.
    package static let record: FilePath = "/var/lib/smtp-relay-agent/instance"

    package init(host: HostAccess, log: StepLog) {
        self.host = host
        self.log = log
    }

    /// Drops another instance's order to leave, holds its mail, and writes down whose disk this is from now on.
    ///
    /// - Throws: A `FileFailure`, an `UnreadableDrainOrder`, or a `StepFailure` where the mail could not be held.
    package func settle(on instance: InstanceID) async throws {
        if let order = try await DrainOrders(files: host.files).settle(on: instance), let other = order.instance {
            log.warning(
                "drain",
                "\(other) was drained, not this instance: its order came with its disk, and is dropped"
            )
        }
        let known = try host.files.file(at: Self.record).map { String(decoding: $0.bytes.dropLast(), as: UTF8.self) }
        guard known != instance.description else { return }
        if let known, let other = try? InstanceID(known) {
            // They were right for the other one, with its tags.
            try LastGood(files: host.files).forgetSettings()
            try FollowedLogFile(files: host.files).remove()
            try await holdMail(of: other)
        }
        try host.files.createDirectory(Self.record.removingLastComponent())
        try host.files.replace(Self.record, with: Array("\(instance)\n".utf8), attributes: FileAttributes())
    }

    /// The other instance may live, and so may further ones of the same disk: each would send the same mail. So it waits
    /// for a person, who knows whether this is the only copy.
    ///
    /// Postfix may run already, and moves messages out of folders that are still to be looked through into those that were:
    /// so that nothing was seen to wait proves nothing, and what one look misses is the next one's.
    private func holdMail(of other: InstanceID) async throws {
        let queue = PostfixQueue(files: host.files)
        let before = try queue.counts()
        guard before.queued > 0 || host.files.isExecutable("/usr/sbin/postsuper") else { return }
        var counts = before
        do {
            for _ in 1...Self.looks {
                _ = try await host.runner.runChecked(Command("postsuper", ["-h", "ALL"]))
                counts = try queue.counts()
                if counts.queued == 0 { break }
            }
            guard counts.queued == 0 else { throw MailNotHeld(count: counts.queued) }
        } catch {
            throw StepFailure(step: "queue", cause: error)
        }
        let held = counts.hold - before.hold
        guard held > 0 else { return }
        let messages = held == 1 ? "1 queued message" : "\(held) queued messages"
        log.warning(
            "queue",
            """
            \(messages) came with the disk of \(other), which may send the same messages: now on hold. See 'mailq'; where \
            \(other) is gone, 'postsuper -H ALL' sends them, and otherwise 'postsuper -d ALL hold' discards them
            """
        )
    }

    private static let looks = 5
}

private struct MailNotHeld: Error, CustomStringConvertible {
    let count: Int

    var description: String {
        "queued messages of another instance are still not on hold (\(count)); the next pass goes on, and 'mailq' lists them"
    }
}
