/// The systemd units that the agent installs: the files beside this one, embedded in the binary.
package enum Units {
    /// A unit file by its name and text.
    package struct Unit: Sendable {
        package let name: String
        package let text: [UInt8]
    }

    /// Publishes the node's health while Postfix runs, and withdraws it the moment Postfix stops.
    package static let health = Unit(
        name: "smtp-relay-agent-health.service",
        text: PackageResources.smtp_relay_agent_health_service
    )
    /// One pass, for the timer.
    package static let reconcileService = Unit(
        name: "smtp-relay-agent-reconcile.service",
        text: PackageResources.smtp_relay_agent_reconcile_service
    )
    /// A pass after each boot and every few minutes.
    package static let reconcileTimer = Unit(
        name: "smtp-relay-agent-reconcile.timer",
        text: PackageResources.smtp_relay_agent_reconcile_timer
    )

    /// The resident agent.
    package static let agent = Unit(
        name: "smtp-relay-agent.service",
        text: PackageResources.smtp_relay_agent_service
    )

    package static let all = [health, reconcileService, reconcileTimer, agent]
    /// Those of a host that sends: it has no health to publish.
    package static let ofSender = [reconcileService, reconcileTimer, agent]
}
