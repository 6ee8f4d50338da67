import AWS
import RelayNode
import SMTP
import Vocabulary

/// The point on its way through the load balancers at which one sender's mail would be stopped.
struct SenderExamination: Examination {
    let name = "sender"
    let sender: IPAddress
    let settings: NodeSettings.Mail
    let allowed: AllowedNetworks
    /// The ports that the node takes mail on.
    let ports: [UInt16]
    let node: InstanceNetwork
    let views: LoadBalancerViews
    let ec2: any EC2Describing & SubnetDescribing
    let relay: any RelayProbing
    /// Whether Postfix speaks IPv6 besides IPv4.
    let speaksIPv6: Bool
    /// The node's own, on port 25.
    let door: ProbedDoor

    let limit: Duration = .seconds(30)
    /// A recipient that does not exist (RFC 2606).
    private static let recipient = "nobody@relay-self-test.invalid"

    func findings() async throws -> [Finding] {
        let views = try await views.all()
        let own = try await ec2.securityGroups(try await node.securityGroups())
        let acl = try await ec2.networkACL(ofSubnet: node.subnet)
        var findings: [Finding] = []
        for view in views {
            findings += Self.judge(sender, at: view, try await ec2.securityGroups(view.securityGroups))
            for subnet in view.subnets {
                guard let acl = try await ec2.networkACL(ofSubnet: subnet) else { continue }
                for door in view.doors where !acl.allows(door.port, at: sender, isEgress: false) {
                    findings.append(Self.stopped(by: acl, sender, door.port, "\(view.name)'s subnet \(subnet)"))
                }
            }
        }
        if views.isEmpty || views.contains(where: { !$0.connectsItself }) {
            findings += Self.judge(sender, atNodeWith: own, acl, ports, node)
        }
        for client in Self.clients(sender, views) {
            // Such a Postfix refuses to be told of an IPv6 client as well.
            guard client.family == .ipv4 || speaksIPv6 else {
                findings.append(Self.notSpoken(client))
                continue
            }
            findings += Self.judge(client, of: sender, allowed, settings)
            let attempt = RelayAttempt(as: .told(client), to: [Self.recipient])
            let answers = try await relay.attempts([attempt], at: door)[0]
            if let reply = answers.refusal ?? answers.recipients.first, !reply.isPositive {
                findings.append(Self.refused(client, of: sender, reply, settings))
            }
        }
        return findings
    }

    /// The addresses that Postfix sees: the sender's, or those of the load balancers that hide it.
    static func clients(_ sender: IPAddress, _ views: [LoadBalancerView]) -> [IPAddress] {
        var clients: [IPAddress] = []
        for view in views where view.masksSenders { clients += view.addresses }
        if clients.isEmpty || views.contains(where: { !$0.masksSenders }) { clients.append(sender) }
        return clients.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// The load balancer's own door.
    static func judge(_ sender: IPAddress, at view: LoadBalancerView, _ groups: [SecurityGroup]) -> [Finding] {
        guard !groups.isEmpty else { return [] }
        return view.doors.filter { door in
            !groups.contains { $0.ingress.contains { $0.mayAdmit(door.port, at: sender) } }
        }.map { door in
            stopped(by: groups[0], sender, door.port, view.name, place: view.place)
        }
    }

    /// The instance's door, for senders whose own address comes there.
    static func judge(
        _ sender: IPAddress,
        atNodeWith own: [SecurityGroup],
        _ acl: NetworkACL?,
        _ ports: [UInt16],
        _ node: InstanceNetwork
    ) -> [Finding] {
        var findings: [Finding] = []
        for port in ports {
            if let first = own.first, !own.contains(where: { $0.ingress.contains { $0.mayAdmit(port, at: sender) } }) {
                findings.append(stopped(by: first, sender, port, "this instance"))
            }
            if let acl, !node.subnetNetwork.contains(sender), !acl.allows(port, at: sender, isEgress: false) {
                findings.append(stopped(by: acl, sender, port, "this instance's subnet"))
            }
        }
        return findings
    }

    /// mail.networks.
    static func judge(
        _ client: IPAddress,
        of sender: IPAddress,
        _ allowed: AllowedNetworks,
        _ settings: NodeSettings.Mail
    ) -> [Finding] {
        guard !allowed.contains(client) else { return [] }
        return [
            Finding(
                .senderNotInNetworks,
                of: "\(client)",
                seen: """
                    \(shown(client, of: sender)) is in none of the allowed networks: \
                    \(allowed.networks.map(\.description).joined(separator: ", "))
                    """,
                fix: addition(of: client, to: settings)
            )
        ]
    }

    static func notSpoken(_ client: IPAddress) -> Finding {
        Finding(
            .senderByIPv6Only,
            of: "\(client)",
            seen: "\(client) is an IPv6 address, and Postfix speaks IPv4 alone (inet_protocols)"
        )
    }

    private static func refused(
        _ client: IPAddress,
        of sender: IPAddress,
        _ reply: SMTPReply,
        _ settings: NodeSettings.Mail
    ) -> Finding {
        Finding(
            .senderRefusedByRelay,
            of: "\(client)",
            seen: "Postfix answers \(shown(client, of: sender)) '\(reply)' when it wants a message relayed"
        )
    }

    private static func stopped(
        by group: SecurityGroup,
        _ sender: IPAddress,
        _ port: UInt16,
        _ where: String,
        place: String? = nil
    ) -> Finding {
        Finding(
            .senderStoppedBySecurityGroup,
            of: place,
            seen: "security group \(group.id) of \(`where`) does not let \(sender) in on port \(port)",
            fix: """
                aws ec2 authorize-security-group-ingress --group-id \(group.id) --protocol tcp --port \(port) --cidr \
                \(IPNetwork(around: sender, prefixLength: sender.family.bits))
                """
        )
    }

    private static func stopped(by acl: NetworkACL, _ sender: IPAddress, _ port: UInt16, _ where: String) -> Finding {
        Finding(
            .senderStoppedByNetworkACL,
            seen: "network ACL \(acl.id) of \(`where`) does not let \(sender) in on port \(port)",
            fix: """
                aws ec2 create-network-acl-entry --network-acl-id \(acl.id) --rule-number 90 --protocol tcp --rule-action \
                allow --ingress --cidr-block \(IPNetwork(around: sender, prefixLength: sender.family.bits)) --port-range \
                From=\(port),To=\(port)
                """
        )
    }

    private static func shown(_ client: IPAddress, of sender: IPAddress) -> String {
        client == sender ? "\(client)" : "\(client), the load balancer's address that stands for \(sender),"
    }

    private static func addition(of client: IPAddress, to settings: NodeSettings.Mail) -> String {
        let range = IPNetwork(around: client, prefixLength: client.family.bits)
        let list = (settings.networks.map(\.description) + ["\(range)"]).map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            networks = [\(list)] below [mail] in /etc/smtp-relay-agent/config.toml, then 'smtp-relay-agent reconcile'
            """
    }
}

extension SecurityGroup.Rule {
    /// The sender's groups are not known here, so a rule for the members of a group may admit it.
    fileprivate func mayAdmit(_ port: UInt16, at address: IPAddress) -> Bool {
        admits(port, at: address) || covers(port) && !groups.isEmpty
    }
}
