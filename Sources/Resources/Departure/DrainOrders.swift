import FoundationEssentials
package import Host
package import SystemPackage
package import Vocabulary

/// The order in force, as a file: every pass, whoever starts it, finds it there.
package struct DrainOrders: Sendable {
    private let files: FileSystem

    package static let lasting: FilePath = "/var/lib/smtp-relay-agent/drain.json"
    private static let untilBoot: FilePath = "/run/smtp-relay-agent/drain.json"

    private static let notices: FilePath = "/run/smtp-relay-agent/notices"

    package init(files: FileSystem) {
        self.files = files
    }

    /// - Throws: `FileFailure`, or `UnreadableDrainOrder`: then nobody knows whether the node may take mail.
    package func current() throws -> DrainOrder? {
        for path in [Self.untilBoot, Self.lasting] {
            guard let file = try files.file(at: path) else { continue }
            guard let order = DrainOrder(reading: file.bytes) else {
                throw UnreadableDrainOrder(path: path)
            }
            if order.boot == nil || order.boot == files.bootID { return order }
        }
        return nil
    }

    /// An order of a newer version stays as that wrote it, for when it comes back.
    package func give(_ order: DrainOrder) throws {
        guard order.reason != .newer else { return }
        let path = order.reason.isLasting ? Self.lasting : Self.untilBoot
        var order = order
        order.boot = order.reason.isLasting ? nil : files.bootID
        order.uptime = order.uptime ?? files.uptime
        try files.createDirectory(path.removingLastComponent())
        try files.replace(path, with: Array(try JSONEncoder().encode(order)), attributes: FileAttributes())
    }

    /// Gives an order for an announcement, which repeats for as long as it holds (aws-node-termination-handler#1100).
    ///
    /// - Returns: Whether it is news, and no other order stands in its way.
    package func give(_ order: DrainOrder, for notice: String) async throws -> Bool {
        let lock = try await lock()
        defer { extendLifetime(lock) }
        if let now = try current(), !now.reason.givesWay(to: order.reason) { return false }
        guard try isNews(notice) else { return false }
        // The order comes first: an announcement that is recorded as obeyed, and is not, would be lost with a crash.
        try give(order)
        try noteObeyed(notice)
        return true
    }

    /// Writes down how far an order is, where it still holds.
    ///
    /// - Returns: The order as it is now.
    /// - Throws: `OrderWithdrawn` where somebody has withdrawn it meanwhile, or given another one.
    package func amend(_ order: DrainOrder, _ change: (inout DrainOrder) -> Void) async throws -> DrainOrder {
        let lock = try await lock()
        defer { extendLifetime(lock) }
        var now = try holding(order)
        let before = now
        change(&now)
        if now != before { try give(now) }
        return now
    }

    /// - Throws: `OrderWithdrawn` where an order does not hold any more.
    package func require(_ order: DrainOrder) throws { _ = try holding(order) }

    private func holding(_ order: DrainOrder) throws -> DrainOrder {
        let now = try current()
        guard let now, now.isSame(as: order) else { throw OrderWithdrawn(reason: order.reason, successor: now?.reason) }
        return now
    }

    private func lock() async throws -> HostLock {
        try await HostLock.acquire(Self.lock, wait: .seconds(10), in: files) { _ in }
    }

    /// Held while an order is changed.
    private static let lock: FilePath = "/run/smtp-relay-agent/drain.lock"

    /// Takes a lasting order for this instance's, where it names none yet, and drops one that is for another: a node made
    /// from the image of a drained one is not to stay out for ever.
    ///
    /// - Returns: The order that was dropped.
    package func settle(on instance: InstanceID) async throws -> DrainOrder? {
        guard var order = try current(), order.reason.isLasting, order.instance != instance else { return nil }
        if order.isForeign(to: instance) {
            _ = try await withdraw()
            return order
        }
        order.instance = instance
        try give(order)
        return nil
    }

    /// Whether a notice was not acted on yet since the system came up.
    package func isNews(_ notice: String) throws -> Bool { try !obeyed().contains(line(notice)) }

    /// Writes down that a notice was acted on.
    package func noteObeyed(_ notice: String) throws { try write(obeyed: obeyed() + [line(notice)]) }

    /// An order that does not hold any more may come again.
    package func forgetObeyed() throws {
        if try !obeyed().isEmpty { try write(obeyed: []) }
    }

    private func line(_ notice: String) -> String { "\(files.bootID ?? "") \(notice)" }

    private func obeyed() throws -> [String] {
        let text = try files.file(at: Self.notices).map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    private func write(obeyed: [String]) throws {
        try files.createDirectory(Self.notices.removingLastComponent())
        let text = obeyed.map { "\($0)\n" }.joined()
        try files.replace(Self.notices, with: Array(text.utf8), attributes: FileAttributes())
    }

    /// The files of all orders as they are, to be restored.
    package func kept() -> [FilePath: [UInt8]] {
        let files = [Self.untilBoot, Self.lasting].compactMap { path in
            (try? self.files.bytes(at: path)).map { (path, $0) }
        }
        return Dictionary(uniqueKeysWithValues: files)
    }

    package func restore(_ kept: [FilePath: [UInt8]]) throws {
        for (path, bytes) in kept { try files.replace(path, with: bytes, attributes: FileAttributes()) }
    }

    /// - Parameter isMeant: Whether an order is meant; all are by default.
    /// - Returns: Whether there was such an order.
    package func withdraw(where isMeant: (DrainOrder) -> Bool = { _ in true }) async throws -> Bool {
        let lock = try await lock()
        defer { extendLifetime(lock) }
        let given = [Self.untilBoot, Self.lasting].filter(files.exists).filter { path in
            guard let bytes = try? files.bytes(at: path), let order = DrainOrder(reading: bytes) else { return true }
            return isMeant(order)
        }
        for path in given { try files.remove(path) }
        return !given.isEmpty
    }
}

/// The order by which the node leaves does not hold any more.
package struct OrderWithdrawn: Error, CustomStringConvertible {
    package let reason: DrainOrder.Reason
    /// Why the node leaves now; `nil` where it stays.
    package var successor: DrainOrder.Reason?

    package var description: String {
        let order = "the order to leave (\(reason.rawValue))"
        if let successor {
            return "\(order) gave way to another one, and the agent goes on by that: \(successor.rawValue)"
        }
        return "\(order) was withdrawn meanwhile, so the node stays: 'undrain' has the last word"
    }
}

/// A drain order that can't be read.
package struct UnreadableDrainOrder: Error, CustomStringConvertible {
    package let path: FilePath

    package var description: String {
        "\(path) is not a drain order; 'smtp-relay-agent drain' or 'smtp-relay-agent undrain' writes it anew"
    }
}
