import AWS
import Facts
import HTTP
import Host
import MailLogs
import RelayNode
import Resources
import SMTP
import SystemPackage
import Units
package import Vocabulary

/// Says why mail does not flow. It changes nothing.
package struct Doctor: Sendable {
    private let host: ExaminedHost
    private let resolver: NameResolver

    package init(_ host: ExaminedHost) {
        self.host = host
        self.resolver = NameResolver(files: host.files)
    }

    /// Looks at everything of a relay that can be looked at.
    ///
    /// - Parameter sender: Follows the way of this sender's mail as well.
    package func examine(relay node: ExaminedNode, sender: IPAddress?) async -> DoctorReport {
        let readings = Readings(
            node: node,
            network: InstanceNetwork(
                address: node.facts.privateAddress,
                hasPublicAddress: node.facts.publicAddress != nil,
                subnet: node.facts.subnetID,
                subnetNetwork: node.facts.subnetNetwork,
                vpc: node.facts.vpcID,
                vpcNetwork: node.facts.vpcNetworks.first ?? node.facts.subnetNetwork,
                isProxied: node.settings.mail.proxyProtocol,
                deliversDirectly: parameter("relayhost").isEmpty,
                securityGroups: node.securityGroups
            ),
            views: LoadBalancerViews(node.settings, cloud: node.cloud, names: names),
            ways: WaysOut(subnet: node.facts.subnetID, vpc: node.facts.vpcID, ec2: node.cloud.ec2)
        )
        let sending = sender.map { [self.sender($0, readings)] } ?? []
        return await report(ofHost(readings) + ofNode(readings) + sending, sender)
    }

    /// The same of a host that sends.
    package func examine(sender settings: SenderSettings) async -> DoctorReport {
        await report(SenderDoctor(settings: settings, host: host, resolver: resolver).examinations, nil)
    }

    /// Looks at a domain that mail is sent for, as the receivers of this relay's mail do.
    package func examine(_ question: DomainQuestion, by node: ExaminedNode) async -> DomainReport {
        let question = question.adding(await node.readKeys())
        return await DomainDoctor(question: question, way: await way(of: node), names: names).report()
    }

    private func way(of node: ExaminedNode) async -> MailWay {
        var way = MailWay(greeting: greeting, tlsLevel: parameter("smtp_tls_security_level"))
        let relayhost = parameter("relayhost")
        guard relayhost.isEmpty else {
            way.smarthost = relayhost
            return way
        }
        let ways = WaysOut(subnet: node.facts.subnetID, vpc: node.facts.vpcID, ec2: node.cloud.ec2)
        way.isOwn = node.facts.publicAddress != nil
        do {
            if let address = node.facts.publicAddress {
                way.addresses = [address]
            } else {
                way.addresses = try await ways.translatedAddresses()
            }
        } catch {
            way.failures.append(Finding(notExamined: "address of the NAT gateway", error))
        }
        do {
            way.addresses += try await preferredIPv6(node.facts, ways)
        } catch {
            way.failures.append(Finding(notExamined: "way out by IPv6", error))
        }
        return way
    }

    /// Looks at what costs little: often enough to be watched by monitoring. The resident agent asks.
    package func glance() async -> DoctorReport {
        await report(ofHost(nil, isResident: true).filter(\.isCheap), nil)
    }

    /// Examines the host alone, where its wanted state is not known.
    ///
    /// - Parameter isRelay: Whether the host is a relay's, which has more to examine than a sender's.
    package func examine(unknown reason: UnknownNode, isRelay: Bool, sender: IPAddress?) async -> DoctorReport {
        await report(isRelay ? ofHost(nil) : [], sender, and: [reason.finding])
    }

    /// The node's settings, facts and load balancers, read once.
    private struct Readings: Sendable {
        let node: ExaminedNode
        let network: InstanceNetwork
        let views: LoadBalancerViews
        let ways: WaysOut
    }

    // The lists: a further examination is one line in one of them.

    /// Examinations that work on any host, also if the settings cannot be read.
    private func ofHost(_ readings: Readings?, isResident: Bool? = nil) -> [any Examination] {
        let health = readings?.node.settings.health ?? NodeSettings.Health()
        let ports = readings?.node.settings.healthPorts ?? HealthPorts(health, isProxied: false)
        let doors = readings?.node.node.postfix.ports ?? [25]
        let mailLog = MailLog(runner: host.runner, files: host.files, now: host.now)
        return [
            ServicesExamination(
                services: host.services,
                isResident: readings?.node.settings.reconcile.resident ?? isResident
            ),
            PassesExamination(last: host.lastPass, now: host.now),
            ListenersExamination(
                doors: doors.map { .postfix($0) } + ports.open.map { .nginx($0) },
                sockets: ListeningSockets(files: host.files),
                holders: PortHolders(files: host.files),
                commands: host.services.commands
            ),
            HealthExamination(
                endpoint: host.healthCheck(ports.local, health.path),
                health: "HTTP:\(ports.local)\(health.path)"
            ),
            QueueExamination(of: host) { await mailLog.delivered() },
            DiskExamination(files: host.files),
            SystemExamination(system: OperatingSystem(files: host.files)),
            SELinuxExamination(
                files: host.files,
                runner: host.runner,
                now: host.now,
                commands: host.services.commands
            ),
            FirewallExamination(
                ports: doors + ports.open,
                files: host.files,
                runner: host.runner
            ),
            ResolutionExamination(
                servers: resolver.servers,
                resolver: resolver,
                probe: readings.map { "\($0.node.settings.mail.domain)" } ?? "amazonaws.com"
            ),
            SmarthostExamination(
                relayhost: parameter("relayhost"),
                access: SmarthostAccess(
                    parameter("relayhost"),
                    authorities: parameter("smtp_tls_CAfile"),
                    files: host.files
                ),
                names: names
            ),
            MailLogExamination(
                log: mailLog,
                commands: host.services.commands,
                surroundings: { await Self.surroundings(readings) }
            ),
        ]
    }

    /// The examinations that need the settings and the facts.
    private func ofNode(_ readings: Readings) -> [any Examination] {
        return [
            ConfigurationExamination(
                plan: host.plan,
                order: host.order
            ),
            RelayExamination(
                verifier: NodeVerifier(
                    probe: host.relay,
                    selfTest: readings.node.node.selfTest,
                    files: host.files,
                    runner: host.runner
                ),
                commands: host.services.commands
            ),
            BouncesExamination(mail: readings.node.settings.mail),
            PasswordExamination(read: readings.node.readPassword),
            SigningExamination(readKeys: readings.node.readKeys, names: names),
            ClockExamination(url: readings.node.cloud.url, transport: host.transport, time: .system),
        ] + readings.node.places.map { MembershipExamination(place: $0) } + [
            LoadBalancerExamination(views: readings.views, zone: readings.node.facts.availabilityZone),
            ProxyExamination(
                node: readings.network,
                allowed: readings.node.node.allowed,
                views: readings.views,
                ec2: readings.node.cloud.ec2
            ),
            SecurityGroupsExamination(node: readings.network, views: readings.views, ec2: readings.node.cloud.ec2),
            SubnetExamination(
                node: readings.network,
                views: readings.views,
                ways: readings.ways,
                ec2: readings.node.cloud.ec2
            ),
            ReputationExamination(
                publicAddress: readings.node.facts.publicAddress,
                translatedAddresses: { try await readings.ways.translatedAddresses() },
                preferredIPv6: { try await preferredIPv6(readings.node.facts, readings.ways) },
                greeting: greeting,
                domain: readings.node.settings.mail.domain,
                deliversDirectly: readings.network.deliversDirectly,
                names: names
            ),
        ]
    }

    /// The addresses that Postfix may send from by IPv6 before it tries IPv4 (postconf(5), smtp_address_preference).
    private func preferredIPv6(_ facts: InstanceFacts, _ ways: WaysOut) async throws -> [IPAddress] {
        guard speaksIPv6, parameter("smtp_address_preference").lowercased() != "ipv4" else { return [] }
        let addresses = facts.ipv6Addresses.filter { !IPNetwork(around: $0, prefixLength: 128).isPrivate }
        guard !addresses.isEmpty, try await ways.hasIPv6() else { return [] }
        return addresses
    }

    /// Whether Postfix speaks IPv6 (postconf(5), inet_protocols).
    private var speaksIPv6: Bool {
        parameter("inet_protocols").split { $0 == "," || $0 == " " }.contains { ["all", "ipv6"].contains($0) }
    }

    private func sender(_ address: IPAddress, _ readings: Readings) -> any Examination {
        SenderExamination(
            sender: address,
            settings: readings.node.settings.mail,
            allowed: readings.node.node.allowed,
            ports: readings.node.node.postfix.ports,
            node: readings.network,
            views: readings.views,
            ec2: readings.node.cloud.ec2,
            relay: host.relay,
            speaksIPv6: speaksIPv6,
            door: ProbedDoor(
                SMTPServer(readings.node.facts.privateAddress, port: 25),
                from: readings.node.facts.privateAddress,
                isProxied: readings.node.settings.mail.proxyProtocol
            )
        )
    }

    /// Makes all examinations at the same time.
    private func report(
        _ examinations: [any Examination],
        _ sender: IPAddress?,
        and first: [Finding] = []
    ) async -> DoctorReport {
        let findings = await withTaskGroup(of: (Int, [Finding]).self) { group in
            for (index, examination) in examinations.enumerated() {
                group.addTask { (index, await examination.outcome()) }
            }
            var found: [(Int, [Finding])] = []
            for await outcome in group { found.append(outcome) }
            return found.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
        // Several examinations may fail for the same reason; the report has it once.
        let distinct = (first + findings).reduce(into: [Finding]()) { list, finding in
            if !list.contains(where: { $0.name == finding.name && $0.fix == finding.fix && $0.isOfExamining }) {
                list.append(finding)
            }
        }
        return DoctorReport(distinct, examined: examinations.map(\.name), sender: sender.map { "\($0)" })
    }

    private static func surroundings(_ readings: Readings?) async -> MailLogExamination.Surroundings {
        guard let readings else { return MailLogExamination.Surroundings() }
        var around = MailLogExamination.Surroundings(networks: readings.node.settings.mail.networks)
        // The log is worth reading without the load balancers, too; another examination reports that they can't be
        // read.
        for view in (try? await readings.views.all()) ?? [] where view.masksSenders {
            for address in view.addresses { around.loadBalancers[address] = view.name }
        }
        return around
    }

    private var names: HostNames { HostNames(servers: resolver.servers, resolver: resolver) }

    /// A parameter as main.cf has it now; empty where it has none.
    private func parameter(_ name: String) -> String {
        MainCf(PostfixFiles(files: host.files).mainCf)[name] ?? ""
    }

    /// The name that Postfix greets other servers with (postconf(5), smtp_helo_name).
    private var greeting: String {
        let name = parameter(PostfixConfiguration.greeting)
        return ["", "$myhostname"].contains(name) ? parameter("myhostname") : name
    }
}

extension Finding {
    /// Whether it is about the doctor's own means.
    fileprivate var isOfExamining: Bool { FindingKind.ofExamining.contains { $0.name == name } }
}
