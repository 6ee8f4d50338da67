import FoundationEssentials
package import RelayNode
package import Vocabulary

/// The order to leave the load balancers, and to stay out.
package struct DrainOrder: Sendable, Equatable, Codable {
    package enum Reason: String, Sendable, Codable {
        case byHand = "by hand"
        case autoScaling = "Auto Scaling terminates the instance"
        case spot = "a spot interruption"
        case rebalance = "a rebalance recommendation"
        case standby = "Auto Scaling has it in Standby or in a warm pool"
        case shutdown = "the system shuts down"
        case uninstall = "the agent is uninstalled"
        /// A reason that this version does not know: the order holds until a person withdraws it.
        case newer = "an order of a newer version"

        /// Whether the node is about to end; otherwise it may come back at any time.
        package var isForGood: Bool { self != .byHand && self != .standby && self != .newer }

        /// Whether the order holds over a reboot, as what a person orders does; what happens to the instance ends with
        /// its boot.
        package var isLasting: Bool { self == .byHand || self == .uninstall || self == .newer }

        /// Whether AWS ordered it, so that it ends with its cause.
        package var isOfAWS: Bool { [.autoScaling, .spot, .rebalance, .standby].contains(self) }

        /// Whether another reason takes its place, with a time of its own: a node that left for a while, or to be replaced
        /// some day, is about to end now.
        package func givesWay(to other: Self) -> Bool {
            isForGood ? self == .rebalance && [.autoScaling, .spot].contains(other) : other.isForGood
        }
    }

    package static let currentFormat = 1

    /// The form of the file; the first versions wrote none, which is the same as 1.
    private var format: Int? = currentFormat
    package var reason: Reason
    /// The instance that is to leave; `nil` as long as no pass has found the order.
    package var instance: InstanceID?
    /// Seconds since 1970.
    package var since: Int
    /// Seconds since the boot, by a clock that nobody sets; `nil` where that is not known.
    package var uptime: Double?
    /// The seconds that the cause leaves; `nil` where only `shutdown.drain_timeout` limits it.
    package var limit: Int?
    /// The phase of the departure.
    package var phase: DeparturePhase?
    /// The mail that stays on the disk, once that is known.
    package var left: LeftBehind?
    /// The routes that main.cf has for the departure, once it has any.
    package var routes: LeavingRoutes?
    /// The boot that it ends with; `nil` where it holds over a reboot.
    package var boot: String?
    /// When the node had left, or had no time left for it, in seconds since 1970.
    package var doneAt: Int?

    package init(_ reason: Reason, of instance: InstanceID? = nil, since: Int = Timestamp.seconds) {
        self.reason = reason
        self.instance = instance
        self.since = since
    }

    /// Reads an order, also one of a newer version: of that, only that there is one, and for whom if that can be read.
    ///
    /// - Returns: `nil` where it is none.
    package init?(reading bytes: [UInt8]) {
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

    /// Whether it is the same order, however far leaving is.
    package func isSame(as other: DrainOrder) -> Bool {
        // An order of a newer version may show nothing but its reason.
        reason == other.reason && (reason == .newer || (since == other.since && uptime == other.uptime))
    }

    /// Whether the node has left, and no mail is on its disk.
    package var hasLeftEmpty: Bool { doneAt != nil && left?.total == 0 }

    /// Whether it is for another instance, with whose disk it came here: by an image or a snapshot of a drained node.
    package func isForeign(to instance: InstanceID) -> Bool { self.instance != nil && self.instance != instance }
}
