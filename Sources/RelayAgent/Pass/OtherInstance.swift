import Host
import Resources
package import SystemPackage
package import Vocabulary

/// What came to this instance with another one's disk, by an image of a node that was not baked or by a snapshot: state
/// that was true of the other alone.
///
/// Files are made anew from this instance's facts by every pass, and what is known of a boot lies below /run. This is for
/// what is left: the order to leave, and the mail in the queue.
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
        if let order = try DrainOrders(files: host.files).settle(on: instance), let other = order.instance {
            log.warning(
                "drain",
                "\(other) was drained, not this instance: its order came with its disk, and is dropped"
            )
        }
        let known = try host.files.file(at: Self.record).map { String(decoding: $0.bytes.dropLast(), as: UTF8.self) }
        guard known != instance.description else { return }
        if let known, let other = try? InstanceID(known) { try await holdMail(of: other) }
        try host.files.createDirectory(Self.record.removingLastComponent())
        try host.files.replace(Self.record, with: Array("\(instance)\n".utf8), attributes: FileAttributes())
    }

    /// The other instance may live, and so may further ones of the same disk: each would send the same mail. So it waits
    /// for a person, who knows whether this is the only copy.
    private func holdMail(of other: InstanceID) async throws {
        let waiting = try PostfixQueue(files: host.files).counts().waiting
        guard waiting > 0 else { return }
        do {
            _ = try await host.runner.runChecked(Command("postsuper", ["-h", "ALL"]))
        } catch {
            throw StepFailure(step: "queue", cause: error)
        }
        let messages = waiting == 1 ? "1 queued message" : "\(waiting) queued messages"
        log.warning(
            "queue",
            """
            \(messages) came with the disk of \(other), which may send the same: now on hold. See 'mailq'; where \
            \(other) is gone, 'postsuper -H ALL' sends them, and otherwise 'postsuper -d ALL hold' discards them
            """
        )
    }
}
