import Host
import Vocabulary

/// Whether names can be resolved: by each name server, since Postfix waits for the first one that is dead each time.
struct ResolutionExamination: Examination {
    let name = "name resolution"
    let servers: [IPAddress]
    let resolver: any NameResolving
    /// A name that has to exist.
    let probe: String

    func findings() async -> [Finding] {
        guard !servers.isEmpty else { return [Self.noServer] }
        var dead: [(IPAddress, DNSFailure)] = []
        for server in servers {
            do throws(DNSFailure) {
                _ = try await resolver.ask(server, probe, .a)
            } catch {
                dead.append((server, error))
            }
        }
        return Self.judge(dead, of: servers.count)
    }

    static func judge(_ dead: [(IPAddress, DNSFailure)], of count: Int) -> [Finding] {
        guard !dead.isEmpty else { return [] }
        return [
            Finding(
                .dnsNoAnswer,
                dead.count == count ? .critical : .warning,
                seen: dead.map { "name server \($0): \($1)" }.joined(separator: "; "),
                why: dead.count == count
                    ? "no mail can be delivered: each one's domain has to be looked up"
                    : "each delivery waits for that one first",
                fix:
                    "correct /etc/resolv.conf, or the VPC's DHCP options and DNS settings (aws ec2 describe-vpc-attribute)"
            )
        ]
    }

    private static let noServer = Finding(
        .dnsNoServer,
        seen: "/etc/resolv.conf names no server"
    )
}
