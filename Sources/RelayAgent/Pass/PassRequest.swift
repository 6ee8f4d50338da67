package import Host
package import Reconcile
package import Resources

/// The part of the world that a pass examines.
package enum PassScope: Sendable {
    /// The host alone, by the facts as they were read last, where they were: a file that was changed has to be back at once.
    case host
    /// The host, instance metadata and the load balancers. What can't change while the instance runs is read once.
    case everything
}

/// The order for a pass.
package struct PassRequest: Sendable {
    /// The person or event that asked for it, as in "bootstrap", "the timer", "/etc/postfix/main.cf changed".
    package var trigger: String
    /// Whether it ends only when the load balancers call the node in service.
    package var waitsInService: Bool
    /// Whether the log shows what was undone in files, line by line.
    package var showsDiffs: Bool
    package var scope: PassScope
    /// Whether somebody asks for a look at what is otherwise remembered for some minutes.
    package var asksAnew: Bool
    /// Whether the system is going down: then services take no orders any more.
    package var isShutdown: Bool
    /// Whether it is the first look at the instance, and says early what stands in the way.
    package var isFirstLook: Bool
    /// Whether it goes by settings that later passes do not have, as those of `reconcile --set`.
    package var hasOwnSettings: Bool
    /// Whether it goes by a version of the fleet's settings that has not worked yet, and there is one to go back to.
    var isTrial = false
    /// The resident agent's process, where it asks.
    package var agent: Int32?
    /// When the resident agent makes the next pass.
    package var nextAfter: Duration?
    /// The number of passes in a row, just before this one, that AWS's APIs throttled.
    package var throttledBefore = 0
    /// Is told how far the pass is.
    package var progress: PassProgress?

    package init(
        trigger: String,
        waitsInService: Bool = true,
        showsDiffs: Bool = true,
        scope: PassScope = .everything,
        asksAnew: Bool = false,
        isShutdown: Bool = false,
        isFirstLook: Bool = false,
        hasOwnSettings: Bool = false,
        agent: Int32? = nil,
        nextAfter: Duration? = nil,
        progress: PassProgress? = nil
    ) {
        self.trigger = trigger
        self.waitsInService = waitsInService
        self.showsDiffs = showsDiffs
        self.scope = scope
        self.asksAnew = asksAnew
        self.isShutdown = isShutdown
        self.isFirstLook = isFirstLook
        self.hasOwnSettings = hasOwnSettings
        self.agent = agent
        self.nextAfter = nextAfter
        self.progress = progress
    }
}

/// The result of a pass.
package struct PassOutcome: Sendable {
    /// Where the pass has left the node.
    package enum End: Sendable {
        case inService
        /// Auto Scaling has it elsewhere, and why that is known.
        case leftAlone(because: String)
        /// The order by which it leaves or has left.
        case leaving(DrainOrder)

        init(_ goal: NodeGoal?, order: DrainOrder?) {
            self =
                switch goal {
                case .leaving(let given): .leaving(order ?? given)
                case .leftAlone(let reason): .leftAlone(because: reason)
                case .inService, nil: .inService
                }
        }
    }

    /// Every change that was made.
    package let changes: [Change]
    package let end: End
    /// The services as they are now.
    package let services: [ServiceName: ServiceState]

    /// Whether the node leaves or has left its load balancers.
    package var isLeaving: Bool {
        guard case .leaving = end else { return false }
        return true
    }

    /// - Throws: `NotServing` where the node is not in service, though nothing has failed.
    package func requireService() throws {
        switch end {
        case .inService: return
        case .leftAlone(let reason): throw NotServing(why: reason)
        case .leaving(let order): throw NotServing(why: "it was told to leave (\(order.reason.rawValue))")
        }
    }

    /// - Throws: `MailLeftBehind` where a node that has left still has mail, or `NotLeaving`.
    package func requireEmptyQueue() throws {
        guard case .leaving(let order) = end else { throw NotLeaving() }
        if let left = order.left, left.total > 0 { throw MailLeftBehind(left: left) }
    }
}

/// The node is not in service, and nothing has failed.
package struct NotServing: Error, CustomStringConvertible {
    let why: String

    package var description: String { "the node is not in service: \(why)" }
}

/// The node does not leave any more.
package struct NotLeaving: Error, CustomStringConvertible {
    package var description: String { "the node was not drained: 'undrain' has withdrawn the order meanwhile" }
}

/// A node that has left still has mail.
package struct MailLeftBehind: Error, CustomStringConvertible {
    let left: LeftBehind

    package var description: String { "the node has left, but not its mail: \(left)" }
}
