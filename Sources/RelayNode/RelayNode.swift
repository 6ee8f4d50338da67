package import Vocabulary

/// The wanted state of a node: a pure function of the settings and the facts.
package struct RelayNode: Sendable, Equatable {
    package let packages: [RequiredPackage]
    package let postfix: PostfixConfiguration
    package let nginx: NginxConfiguration
    package let selfTest: SelfTest
    /// The networks whose mail is relayed.
    package let allowed: AllowedNetworks

    /// - Parameters:
    ///   - authorities: The system's file of the certificate authorities that it trusts.
    ///   - password: Of the user that the smarthost knows; without it, Postfix goes on with the one that it has.
    ///   - leaving: Of a node that has left: what its main.cf says of that.
    /// - Throws: `RefusedNetworks` where `mail.networks` would open the relay to strangers.
    package init(
        settings: NodeSettings,
        facts: InstanceFacts,
        authorities: String = "/etc/pki/tls/certs/ca-bundle.crt",
        password: Secret? = nil,
        leaving: LeavingRoutes? = nil
    ) throws(RefusedNetworks) {
        // Without an IPv6 address there is nobody to speak IPv6 with, and older Postfix does not start (inet_protocols).
        let families: Set<IPAddress.Family> = facts.ipv6Addresses.isEmpty ? [.ipv4] : [.ipv4, .ipv6]
        let allowed = try AllowedNetworks(settings.mail, facts: facts, families: families)
        let system = KnownSystem.named(facts.operatingSystem)
        self.allowed = allowed
        self.packages = [.postfix, .nginx] + (settings.mail.upstream?.login == nil ? [] : [.saslPlain])
        self.postfix = PostfixConfiguration(
            settings.mail,
            facts: facts,
            allowed: allowed,
            families: families,
            authorities: authorities,
            password: password,
            leaving: leaving,
            // An unknown version counts as new; Postfix itself then refuses parameters that it does not have.
            version: system?.postfix ?? .havingRelayRestrictions
        )
        self.nginx = NginxConfiguration(
            settings.health,
            ports: settings.healthPorts,
            facts: facts,
            families: families
        )
        self.selfTest = SelfTest(
            allowed,
            of: postfix,
            families: families,
            domain: settings.mail.domain,
            domains: settings.mail.transports.map(\.domain),
            largestMessage: settings.mail.delivery.messageSizeLimit,
            needsSigner: settings.mail.needsSigner,
            checksSenders: settings.mail.senders.refuses
        )
    }
}
