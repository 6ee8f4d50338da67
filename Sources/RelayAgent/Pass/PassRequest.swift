package import Host
package import Reconcile

/// What a pass is to do, and for whom.
package struct PassRequest: Sendable {
    /// Who or what asked for it, as in "bootstrap", "the timer", "/etc/postfix/main.cf changed".
    package var trigger: String
    /// Whether it ends only when the load balancers call the node in service.
    package var waitsInService: Bool
    /// Whether the log shows what was undone in files, line by line.
    package var showsDiffs: Bool
    /// How old facts may be.
    package var facts: Inputs.Age
    /// Whether somebody asks for a look at what is otherwise remembered for some minutes.
    package var asksAnew: Bool
    /// Whether the system is going down: then services take no orders any more.
    package var isShutdown: Bool
    /// The resident agent's process, where it asks.
    package var agent: Int32?
    /// When the resident agent makes the next pass.
    package var nextAfter: Duration?
    /// Is told how far the pass is.
    package var progress: PassProgress?

    package init(
        trigger: String,
        waitsInService: Bool = true,
        showsDiffs: Bool = true,
        facts: Inputs.Age = .current,
        asksAnew: Bool = false,
        isShutdown: Bool = false,
        agent: Int32? = nil,
        nextAfter: Duration? = nil,
        progress: PassProgress? = nil
    ) {
        self.trigger = trigger
        self.waitsInService = waitsInService
        self.showsDiffs = showsDiffs
        self.facts = facts
        self.asksAnew = asksAnew
        self.isShutdown = isShutdown
        self.agent = agent
        self.nextAfter = nextAfter
        self.progress = progress
    }
}

/// What came of a pass.
package struct PassOutcome: Sendable {
    /// Every change that was made.
    package let changes: [Change]
    /// Whether the node leaves or has left its load balancers.
    package let isLeaving: Bool
    /// The services as they are now.
    package let services: [ServiceName: ServiceState]
}
