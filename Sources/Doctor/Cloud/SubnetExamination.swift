import AWS
import Vocabulary

/// Whether the instance's subnet has a way to the internet, and its network ACL lets mail through.
struct SubnetExamination: Examination {
    let name = "subnet"
    let node: InstanceNetwork
    let views: LoadBalancerViews
    let ways: WaysOut
    let ec2: any SubnetDescribing

    func findings() async throws -> [Finding] {
        var findings: [Finding] = []
        if node.deliversDirectly, let found = try await ways.read() {
            findings += Self.judge(found, node)
        }
        if let acl = try await ec2.networkACL(ofSubnet: node.subnet) {
            findings += Self.judge(acl, try await views.all(), node)
        }
        return findings
    }

    static func judge(_ found: WaysOut.Reading, _ node: InstanceNetwork) -> [Finding] {
        let table = found.table
        var seen: String?
        for address in WaysOut.internet where seen == nil {
            switch table.route(to: address, lists: found.lists) {
            case nil:
                if let failure = found.failure { return [Finding(notExamined: "prefix lists of \(table.id)", failure)] }
                seen =
                    "route table \(table.id) of \(node.subnet) has no route to \(address), an address of the internet"
            case let way? where way.isBlackhole:
                seen = "the route to the internet leads to \(way.target), which is gone"
            case let way? where way.target.hasPrefix("igw-") && !node.hasPublicAddress:
                seen = "the way to the internet is \(way.target), but this instance has no public address"
            case _?: continue
            }
        }
        guard let seen else { return [] }
        return [
            Finding(
                .noRouteToInternet,
                seen: seen,
                fix: """
                    aws ec2 create-route --route-table-id \(table.id) --destination-cidr-block 0.0.0.0/0 --nat-gateway-id \
                    NAT-GATEWAY (or, with a public address: --gateway-id INTERNET-GATEWAY)
                    """
            )
        ]
    }

    static func judge(_ acl: NetworkACL, _ views: [LoadBalancerView], _ node: InstanceNetwork) -> [Finding] {
        var blocked: [Blocked] = []
        for view in views {
            // Within a subnet no network ACL is asked.
            for address in view.addresses where !node.subnetNetwork.contains(address) {
                let ports = Set(view.doors.map(\.instancePort)).union([view.healthPort]).sorted()
                for port in ports where !acl.allows(port, at: address, isEgress: false) {
                    let what = "port \(port) from \(view.name) (\(address))"
                    blocked.append(Blocked(what, of: view.place, port: port, isEgress: false))
                }
                if !repliesPass(acl, address, isEgress: true) {
                    let what = "answers to \(view.name) (\(address))"
                    blocked.append(Blocked(what, of: view.place, port: nil, isEgress: true))
                }
            }
        }
        if node.deliversDirectly {
            // An operator may keep out a part of the internet; what keeps out all of these is not meant so.
            if WaysOut.internet.allSatisfy({ !acl.allows(25, at: $0, isEgress: true) }) {
                blocked.append(Blocked("port 25 of the internet", port: 25, isEgress: true))
            }
            if WaysOut.internet.allSatisfy({ !repliesPass(acl, $0, isEgress: false) }) {
                blocked.append(Blocked("answers from the internet", port: nil, isEgress: false))
            }
        }
        return blocked.map { $0.finding(acl) }
    }

    /// Answers go to a port that the other side has chosen: of those that Linux chooses from, the first, one within, and
    /// the last.
    private static func repliesPass(_ acl: NetworkACL, _ address: IPAddress, isEgress: Bool) -> Bool {
        [32768, 49152, 60999].allSatisfy { acl.allows($0, at: address, isEgress: isEgress) }
    }

    private struct Blocked {
        let what: String
        /// The load balancer's; `nil` for the internet.
        let place: String?
        /// `nil` for the ports of answers.
        let port: UInt16?
        let isEgress: Bool

        init(_ what: String, of place: String? = nil, port: UInt16?, isEgress: Bool) {
            (self.what, self.place, self.port, self.isEgress) = (what, place, port, isEgress)
        }

        func finding(_ acl: NetworkACL) -> Finding {
            let range = port.map { "From=\($0),To=\($0)" } ?? "From=1024,To=65535"
            return Finding(
                .networkACLBlocksMail,
                of: place,
                seen: "network ACL \(acl.id) of this instance's subnet does not let \(what) \(isEgress ? "out" : "in")",
                fix: """
                    aws ec2 create-network-acl-entry --network-acl-id \(acl.id) --rule-number 90 --protocol tcp \
                    --rule-action allow \(isEgress ? "--egress" : "--ingress") --cidr-block 0.0.0.0/0 --port-range \(range)
                    """
            )
        }
    }
}
