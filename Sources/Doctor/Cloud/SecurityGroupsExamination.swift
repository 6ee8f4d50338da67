import AWS
import Resources
import Vocabulary

/// Whether the security groups let mail and health checks through from the load balancers to the node, let the node out,
/// and keep the world away.
struct SecurityGroupsExamination: Examination {
    let name = "security groups"
    let node: InstanceNetwork
    let views: LoadBalancerViews
    let ec2: any EC2Describing

    func findings() async throws -> [Finding] {
        let own = try await ec2.ingress(of: try await node.securityGroups(), on: MailPort.all)
        var findings = Self.judge(own, node)
        for view in try await views.all() {
            findings += Self.judge(view, try await ec2.ingress(of: view.securityGroups, on: MailPort.all), own, node)
        }
        return findings
    }

    /// The instance's own groups.
    static func judge(_ ingress: Ingress, _ node: InstanceNetwork) -> [Finding] {
        let own = ingress.groups
        var findings: [Finding] = []
        if node.deliversDirectly,
            !own.contains(where: { $0.egress.contains { $0.covers(25) && $0.reachesInternet } })
        {
            findings.append(
                Finding(
                    .instanceEgressClosed,
                    seen: "this instance's security groups (\(ids(own))) let nothing out to port 25 of the internet",
                    fix: """
                        aws ec2 authorize-security-group-egress --group-id \(own.first?.id ?? "GROUP") --protocol tcp \
                        --port 25 --cidr 0.0.0.0/0
                        """
                )
            )
        }
        for port in MailPort.all {
            findings += openToWorld(ingress, port, "this instance's", nil, .warning)
        }
        return findings
    }

    /// A load balancer's groups, and the instance's towards it.
    static func judge(
        _ view: LoadBalancerView,
        _ ingress: Ingress,
        _ ownIngress: Ingress,
        _ node: InstanceNetwork
    ) -> [Finding] {
        let (groups, own) = (ingress.groups, ownIngress.groups)
        var findings: [Finding] = []
        if !groups.isEmpty {
            for door in view.doors where !groups.contains(where: { $0.ingress.contains { $0.covers(door.port) } }) {
                findings.append(
                    Finding(
                        .loadBalancerClosed,
                        of: view.place,
                        seen: "the security groups of \(view.name) (\(ids(groups))) let nobody in on port \(door.port)",
                        fix: """
                            aws ec2 authorize-security-group-ingress --group-id \(groups[0].id) --protocol tcp --port \
                            \(door.port) --cidr \(node.vpcNetwork)
                            """
                    )
                )
            }
        }
        for port in Set(view.doors.map(\.instancePort)).sorted() + [view.healthPort] {
            findings += passage(from: view, groups, to: port, own, node)
        }
        for port in MailPort.all where view.doors.contains(where: { $0.port == port }) {
            findings += openToWorld(
                ingress,
                port,
                "\(view.name)'s",
                view.place,
                view.isInternetFacing ? .critical : .warning
            )
        }
        return findings
    }

    private static func passage(
        from view: LoadBalancerView,
        _ groups: [SecurityGroup],
        to port: UInt16,
        _ own: [SecurityGroup],
        _ node: InstanceNetwork
    ) -> [Finding] {
        var findings: [Finding] = []
        let members = Set(groups.map(\.id))
        let isHealth = port == view.healthPort
        // Without the load balancer's addresses, only its security groups identify it.
        let sources: [IPAddress?] = view.addresses.isEmpty ? [nil] : view.addresses
        let isLetIn =
            view.connectsItself || isHealth
            ? sources.allSatisfy { source in
                own.contains { $0.ingress.contains { $0.admits(port, at: source, in: members) } }
            }
            : own.contains { $0.ingress.contains { $0.covers(port) } }
        if !isLetIn {
            let source = members.sorted().first.map { "--source-group \($0)" } ?? "--cidr \(node.vpcNetwork)"
            findings.append(
                Finding(
                    .instanceClosedToLoadBalancer,
                    of: view.place,
                    seen: """
                        this instance's security groups (\(ids(own))) don't let \(view.name) in on port \(port)
                        """,
                    why: isHealth
                        ? "its health checks fail, so it sends no mail" : "senders' connections time out",
                    fix: """
                        aws ec2 authorize-security-group-ingress --group-id \(own.first?.id ?? "GROUP") --protocol tcp \
                        --port \(port) \(source)
                        """
                )
            )
        }
        let ownIDs = Set(own.map(\.id))
        if !groups.isEmpty,
            !groups.contains(where: { $0.egress.contains { $0.admits(port, at: node.address, in: ownIDs) } })
        {
            findings.append(
                Finding(
                    .loadBalancerEgressClosed,
                    of: view.place,
                    seen: """
                        the security groups of \(view.name) (\(ids(groups))) let nothing out to this instance's port \
                        \(port)
                        """,
                    why: isHealth
                        ? "its health checks fail, so it sends no mail" : "senders' connections time out",
                    fix: """
                        aws ec2 authorize-security-group-egress --group-id \(groups[0].id) --protocol tcp --port \(port) \
                        --source-group \(own.first?.id ?? "GROUP")
                        """
                )
            )
        }
        return findings
    }

    private static func openToWorld(
        _ ingress: Ingress,
        _ port: UInt16,
        _ whose: String,
        _ place: String?,
        _ severity: Finding.Severity
    ) -> [Finding] {
        switch ingress.exposure(on: port) {
        case .closed: []
        case .world(let openings):
            [
                Finding(
                    .smtpOpenToWorld,
                    severity,
                    of: place,
                    seen: "\(whose) \(openings.summary) the internet in on port \(port) (\(openings.sources))",
                    fix: openings.map(\.revocation).joined(separator: " && ")
                )
            ]
        case .unknown(let list, let group, let failure):
            [Finding(notExamined: "prefix list \(list) of \(group)", failure)]
        }
    }

    private static func ids(_ groups: [SecurityGroup]) -> String {
        groups.isEmpty ? "none" : groups.map(\.id).joined(separator: ", ")
    }
}

/// The network of this instance, as far as mail depends on it.
struct InstanceNetwork: Sendable {
    let address: IPAddress
    let hasPublicAddress: Bool
    let subnet: String
    let subnetNetwork: IPNetwork
    let vpc: String
    let vpcNetwork: IPNetwork
    /// Whether mail comes with a header of the PROXY protocol.
    let isProxied: Bool
    /// Whether it delivers to the internet itself, and by no smarthost.
    let deliversDirectly: Bool
    /// The ids of its security groups, as metadata has them.
    let securityGroups: @Sendable () async throws -> [String]
}

extension SecurityGroup.Rule {
    /// Whether it is about hosts of the internet, and not of one's own networks alone.
    fileprivate var reachesInternet: Bool { !prefixLists.isEmpty || sources.contains { !$0.isPrivate } }
}
