import AWS
import Facts
import HTTP
import Host
import RelayNode
import Resources
import SMTP
import Settings
import SystemPackage
import Units
package import Vocabulary

/// Says why mail does not flow. It changes nothing.
package struct Doctor: Sendable {
    private let inputs: Inputs
    private let host: HostAccess
    private let aws: AWSAccess
    private let pass: Pass
    private let resolver: NameResolver

    package init(inputs: Inputs, host: HostAccess, aws: AWSAccess, pass: Pass) {
        self.inputs = inputs
        self.host = host
        self.aws = aws
        self.pass = pass
        self.resolver = NameResolver(files: host.files)
    }

    /// How long metadata may take; a node that boots waits longer for it, a person does not.
    private static let patience: Duration = .seconds(20)

    /// Looks at everything that can be looked at.
    ///
    /// - Parameter sender: Follows the way of this sender's mail as well.
    package func examine(sender: IPAddress? = nil) async -> DoctorReport {
        do {
            if case .sender(let resolved) = try inputs.role() {
                let doctor = SenderDoctor(settings: resolved.settings, host: host, pass: pass, resolver: resolver)
                return await report(doctor.examinations, sender)
            }
            let patient = try await patient()
            let sending = sender.map { [self.sender($0, patient)] } ?? []
            return await report(ofHost(patient) + ofNode(patient) + sending, sender)
        } catch {
            // What a relay's host has, a sender's has not.
            let host = inputs.roleName == .relay ? ofHost(nil) : []
            return await report(host, sender, and: Self.unknown(error))
        }
    }

    /// What is known of the node, gathered once.
    private struct Patient: Sendable {
        let facts: NodeFacts
        let settings: NodeSettings
        let node: RelayNode
        let network: NetworkNode
        let cloud: CloudReadings
        let views: LoadBalancerViews
        let ways: WaysOut
    }

    private func patient() async throws -> Patient {
        let facts = try await within(Self.patience) { try await inputs.facts() }
        let settings = try inputs.settings(tags: facts.tags).settings
        let node = try RelayNode(settings: settings, facts: facts)
        let metadata = aws.metadata(settings.metadata)
        let cloud = aws.readings(region: facts.region, domain: facts.servicesDomain, metadata: metadata)
        return Patient(
            facts: facts,
            settings: settings,
            node: node,
            network: NetworkNode(
                address: facts.privateAddress,
                hasPublicAddress: facts.publicAddress != nil,
                subnet: facts.subnetID,
                subnetNetwork: facts.subnetNetwork,
                vpc: facts.vpcID,
                vpcNetwork: facts.vpcNetworks.first ?? facts.subnetNetwork,
                isProxied: settings.mail.proxyProtocol,
                deliversDirectly: parameter("relayhost").isEmpty,
                securityGroups: { try await metadata.securityGroups(of: facts.mac) }
            ),
            cloud: cloud,
            views: LoadBalancerViews(settings, cloud: cloud, names: names),
            ways: WaysOut(subnet: facts.subnetID, vpc: facts.vpcID, ec2: cloud.ec2)
        )
    }

    // The lists: a further examination is one line in one of them.

    /// What can be looked at on any host, also where it is not known what the node should be.
    private func ofHost(_ patient: Patient?) -> [any Examination] {
        let health = patient?.settings.health ?? NodeSettings.Health()
        let ports = patient?.settings.healthPorts ?? HealthPorts(health, isProxied: false)
        let mailLog = MailLog(runner: host.runner, files: host.files, now: Timestamp.seconds)
        return [
            ServicesExamination(services: host.services, isResident: patient?.settings.reconcile.resident),
            PassesExamination(status: { StatusFile(files: host.files).read() }, now: Timestamp.seconds),
            ListenersExamination(
                doors: (patient?.node.postfix.ports ?? [25]).map { .postfix($0) } + ports.open.map { .nginx($0) },
                sockets: ListeningSockets(files: host.files),
                holders: PortHolders(files: host.files),
                commands: host.services.commands
            ),
            HealthExamination(
                endpoint: HTTPHealthCheck(port: ports.local, path: health.path, transport: host.transport),
                health: "HTTP:\(ports.local)\(health.path)"
            ),
            QueueExamination(
                queue: PostfixQueue(files: host.files),
                runner: host.runner,
                now: Timestamp.seconds,
                delivered: { await mailLog.delivered() }
            ),
            DiskExamination(files: host.files),
            SystemExamination(system: OperatingSystem(files: host.files)),
            SELinuxExamination(
                files: host.files,
                runner: host.runner,
                now: Timestamp.seconds,
                commands: host.services.commands
            ),
            FirewallExamination(
                ports: (patient?.node.postfix.ports ?? [25]) + ports.open,
                files: host.files,
                runner: host.runner
            ),
            ResolutionExamination(
                servers: resolver.servers,
                resolver: resolver,
                probe: patient.map { "\($0.settings.mail.domain)" } ?? "amazonaws.com"
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
                surroundings: { await Self.surroundings(patient) }
            ),
        ]
    }

    /// What takes the settings and the facts.
    private func ofNode(_ patient: Patient) -> [any Examination] {
        let places = NodeResources.places(patient.facts, patient.settings, patient.node.allowed, host, aws)
        return [
            ConfigurationExamination(
                plan: { try await pass.planOfHost() },
                order: { try DrainOrders(files: host.files).current() }
            ),
            RelayExamination(
                verifier: NodeVerifier(
                    probe: host.relay,
                    selfTest: patient.node.selfTest,
                    files: host.files,
                    runner: host.runner
                ),
                commands: host.services.commands
            ),
            BouncesExamination(mail: patient.settings.mail),
            PasswordExamination(
                login: patient.settings.mail.upstream?.login,
                files: host.files,
                parameters: aws.ssm(
                    region: patient.facts.region,
                    domain: patient.facts.servicesDomain,
                    metadata: aws.metadata(patient.settings.metadata)
                )
            ),
            ClockExamination(url: patient.cloud.url, transport: host.transport, time: .system),
        ] + places.map { MembershipExamination(place: $0) } + [
            LoadBalancerExamination(views: patient.views, zone: patient.facts.availabilityZone),
            ProxyExamination(
                node: patient.network,
                allowed: patient.node.allowed,
                views: patient.views,
                ec2: patient.cloud.ec2
            ),
            SecurityGroupsExamination(node: patient.network, views: patient.views, ec2: patient.cloud.ec2),
            SubnetExamination(
                node: patient.network,
                views: patient.views,
                ways: patient.ways,
                ec2: patient.cloud.ec2
            ),
            ReputationExamination(
                publicAddress: patient.facts.publicAddress,
                translatedAddresses: { try await patient.ways.translatedAddresses() },
                preferredIPv6: { try await preferredIPv6(patient) },
                greeting: greeting,
                domain: patient.settings.mail.domain,
                deliversDirectly: patient.network.deliversDirectly,
                names: names
            ),
        ]
    }

    /// The addresses that Postfix may send from by IPv6 before it tries IPv4 (postconf(5), smtp_address_preference).
    private func preferredIPv6(_ patient: Patient) async throws -> [IPAddress] {
        guard speaksIPv6, parameter("smtp_address_preference").lowercased() != "ipv4" else { return [] }
        let addresses = patient.facts.ipv6Addresses.filter { !IPNetwork(around: $0, prefixLength: 128).isPrivate }
        guard !addresses.isEmpty, try await patient.ways.hasIPv6() else { return [] }
        return addresses
    }

    /// Whether Postfix speaks IPv6 (postconf(5), inet_protocols).
    private var speaksIPv6: Bool {
        parameter("inet_protocols").split { $0 == "," || $0 == " " }.contains { ["all", "ipv6"].contains($0) }
    }

    private func sender(_ address: IPAddress, _ patient: Patient) -> any Examination {
        SenderExamination(
            sender: address,
            settings: patient.settings.mail,
            allowed: patient.node.allowed,
            ports: patient.node.postfix.ports,
            node: patient.network,
            views: patient.views,
            ec2: patient.cloud.ec2,
            relay: host.relay,
            speaksIPv6: speaksIPv6,
            door: ProbedDoor(
                SMTPServer(patient.facts.privateAddress, port: 25),
                from: patient.facts.privateAddress,
                isProxied: patient.settings.mail.proxyProtocol
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
        // What several looks need, and none could have, is told once.
        let distinct = (first + findings).reduce(into: [Finding]()) { list, finding in
            if !list.contains(where: { $0.name == finding.name && $0.fix == finding.fix && $0.isOfExamining }) {
                list.append(finding)
            }
        }
        return DoctorReport(distinct, examined: examinations.map(\.name), sender: sender.map { "\($0)" })
    }

    private static func surroundings(_ patient: Patient?) async -> MailLogExamination.Surroundings {
        guard let patient else { return MailLogExamination.Surroundings() }
        var around = MailLogExamination.Surroundings(networks: patient.settings.mail.networks)
        // Without them the log is worth reading, too; that they can't be looked at is found elsewhere.
        for view in (try? await patient.views.all()) ?? [] where view.masksSenders {
            for address in view.addresses { around.loadBalancers[address] = view.name }
        }
        return around
    }

    /// Why it is not known what the node should be.
    private static func unknown(_ error: any Error) -> [Finding] {
        let isOfSettings = error is SettingsProblems || error is RefusedNetworks
        return [
            Finding(
                isOfSettings ? .settingsRefused : .metadataUnreachable,
                seen: error is TookTooLong
                    ? "instance metadata did not answer within \(patience)" : "\(error)",
                why: """
                    the agent does not know what this node should be: nothing repairs it, and only the host itself could \
                    be looked at here
                    """
            )
        ]
    }

    private var names: HostNames { HostNames(servers: resolver.servers, resolver: resolver) }

    /// A parameter as main.cf has it now; empty where it has none.
    private func parameter(_ name: String) -> String {
        let bytes = (try? host.files.bytes(at: "/etc/postfix/main.cf")) ?? []
        return MainCf(String(decoding: bytes, as: UTF8.self))[name] ?? ""
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
