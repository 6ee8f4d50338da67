/// The files that the agent installs for the host's init: the files beside this one, embedded in the binary.
package enum Units {
    /// A file by its name, text and place.
    package struct Unit: Sendable {
        package let name: String
        package let text: [UInt8]
        package let path: String
        package let isExecutable: Bool

        /// A unit of systemd's.
        init(name: String, text: [UInt8]) {
            self.init(name: name, text: text, path: "/etc/systemd/system/\(name)", isExecutable: false)
        }

        init(name: String, text: [UInt8], path: String, isExecutable: Bool) {
            self.name = name
            self.text = text
            self.path = path
            self.isExecutable = isExecutable
        }

        /// A script of System V's.
        static func script(_ name: String, _ text: [UInt8]) -> Unit {
            Unit(name: "\(name).init", text: text, path: "/etc/init.d/\(name)", isExecutable: true)
        }
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

    /// The service that has the node leave in time, where passes come by the timer.
    package static let watch = Unit(
        name: "smtp-relay-agent-watch.service",
        text: PackageResources.smtp_relay_agent_watch_service
    )

    /// The resident agent.
    package static let agent = Unit(
        name: "smtp-relay-agent.service",
        text: PackageResources.smtp_relay_agent_service
    )

    /// The DKIM signer, where mail is signed.
    package static let signer = Unit(
        name: "smtp-relay-agent-signer.service",
        text: PackageResources.smtp_relay_agent_signer_service
    )

    /// A drop-in for Postfix's unit: journald keeps all lines of the mail log.
    package static let postfixLog = Unit(
        name: "smtp-relay-agent-postfix.conf",
        text: PackageResources.smtp_relay_agent_postfix_conf,
        path: "/etc/systemd/system/postfix.service.d/smtp-relay-agent.conf",
        isExecutable: false
    )

    package static let all = [postfixLog, health, reconcileService, reconcileTimer, watch, agent]
    /// The units of a host that sends: it has no health to publish.
    package static let ofSender = [postfixLog, reconcileService, reconcileTimer, agent]

    // Hosts without systemd

    private static let agentScript = Unit.script("smtp-relay-agent", PackageResources.smtp_relay_agent_init)
    private static let healthScript = Unit.script(
        "smtp-relay-agent-health",
        PackageResources.smtp_relay_agent_health_init
    )
    private static let reconcileScript = Unit.script(
        "smtp-relay-agent-reconcile",
        PackageResources.smtp_relay_agent_reconcile_init
    )
    package static let signerScript = Unit.script(
        "smtp-relay-agent-signer",
        PackageResources.smtp_relay_agent_signer_init
    )
    /// Regular passes, and a second net for the agent's keeper.
    private static let cron = Unit(
        name: "smtp-relay-agent.cron",
        text: PackageResources.smtp_relay_agent_cron,
        path: "/etc/cron.d/smtp-relay-agent",
        isExecutable: false
    )
    private static let logRotation = Unit(
        name: "smtp-relay-agent.logrotate",
        text: PackageResources.smtp_relay_agent_logrotate,
        path: "/etc/logrotate.d/smtp-relay-agent",
        isExecutable: false
    )

    package static let ofSystemV = [healthScript, reconcileScript, agentScript, cron, logRotation]
    package static let ofSenderOnSystemV = [reconcileScript, agentScript, cron, logRotation]
    /// The units on any kind of host.
    package static let everywhere = all + ofSystemV + [signer, signerScript]
}
