import FoundationEssentials
package import Host
package import SystemPackage
package import Vocabulary

/// The order to leave the load balancers, and to stay out.
package struct DrainOrder: Sendable, Equatable, Codable {
    package enum Reason: String, Sendable, Codable {
        case byHand = "by hand"
        case autoScaling = "Auto Scaling terminates the instance"
        case spot = "a spot interruption"
        case rebalance = "a rebalance recommendation"
        case shutdown = "the system shuts down"
        case uninstall = "the agent is uninstalled"
        /// Which this version does not know: it holds until a person withdraws it.
        case newer = "an order of a newer version"

        /// Whether the node is about to end; otherwise it may come back at any time.
        var isForGood: Bool { self != .byHand && self != .newer }

        /// Whether the order holds over a reboot, as what a person orders does; what happens to the instance ends with
        /// its boot.
        var isLasting: Bool { self == .byHand || self == .uninstall || self == .newer }
    }

    static let currentFormat = 1

    /// The form of the file; the first versions wrote none, which is the same as 1.
    private var format: Int? = currentFormat
    package var reason: Reason
    /// The instance that is to leave; `nil` as long as no pass has found the order.
    package var instance: InstanceID?
    /// Seconds since 1970.
    package var since: Int
    /// Where the queue was handed to, as Postfix writes a relayhost.
    package var evacuateTo: String?
    /// The boot that it ends with; `nil` where it holds over a reboot.
    var boot: String?
    /// When a node that leaves for good had done all that leaving takes, in seconds since 1970.
    package var doneAt: Int?

    package init(
        _ reason: Reason,
        of instance: InstanceID? = nil,
        since: Int = Timestamp.seconds,
        evacuateTo: String? = nil
    ) {
        self.reason = reason
        self.instance = instance
        self.since = since
        self.evacuateTo = evacuateTo
    }

    /// Reads an order, also one of a newer version: of that, only that there is one, and for whom if that can be read.
    ///
    /// - Returns: `nil` where it is none.
    init?(reading bytes: [UInt8]) {
        let (decoder, data) = (JSONDecoder(), Data(bytes))
        let form = (try? decoder.decode(Form.self, from: data))?.format ?? 1
        if form <= Self.currentFormat {
            guard let order = try? decoder.decode(Self.self, from: data) else { return nil }
            self = order
            format = Self.currentFormat
        } else {
            let essence = try? decoder.decode(Essence.self, from: data)
            self.init(.newer, of: essence?.instance, since: essence?.since ?? Timestamp.seconds)
        }
    }

    private struct Form: Decodable {
        let format: Int?
    }

    private struct Essence: Decodable {
        let instance: InstanceID?
        let since: Int?
    }

    /// Whether it is for another instance, with whose disk it came here: by an image or a snapshot of a drained node.
    package func isForeign(to instance: InstanceID) -> Bool { self.instance != nil && self.instance != instance }
}

/// The order in force, as a file: every pass, whoever starts it, finds it there.
package struct DrainOrders: Sendable {
    private let files: FileSystem

    static let lasting: FilePath = "/var/lib/smtp-relay-agent/drain.json"
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
        try files.createDirectory(path.removingLastComponent())
        try files.replace(path, with: Array(try JSONEncoder().encode(order)), attributes: FileAttributes())
    }

    /// Takes a lasting order for this instance's, where it names none yet, and drops one that is for another: a node made
    /// from the image of a drained one is not to stay out for ever.
    ///
    /// - Returns: The order that was dropped.
    package func settle(on instance: InstanceID) throws -> DrainOrder? {
        guard var order = try current(), order.reason.isLasting, order.instance != instance else { return nil }
        if order.isForeign(to: instance) {
            _ = try withdraw()
            return order
        }
        order.instance = instance
        try give(order)
        return nil
    }

    /// Whether a notice was not acted on yet since the system came up. It counts as acted on from now.
    ///
    /// Notices repeat for as long as they hold (aws-node-termination-handler#1100).
    package func isNews(_ notice: String) throws -> Bool {
        let notice = "\(files.bootID ?? "") \(notice)"
        let known = try files.file(at: Self.notices).map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        guard !known.split(separator: "\n").contains(Substring(notice)) else { return false }
        try files.createDirectory(Self.notices.removingLastComponent())
        try files.replace(Self.notices, with: Array("\(known)\(notice)\n".utf8), attributes: FileAttributes())
        return true
    }

    /// - Returns: Whether there was an order.
    package func withdraw() throws -> Bool {
        let given = [Self.untilBoot, Self.lasting].filter(files.exists)
        for path in given { try files.remove(path) }
        return !given.isEmpty
    }
}

/// A drain order that can't be read.
package struct UnreadableDrainOrder: Error, CustomStringConvertible {
    package let path: FilePath

    package var description: String {
        "\(path) is not a drain order; 'smtp-relay-agent drain' or 'smtp-relay-agent undrain' writes it anew"
    }
}
