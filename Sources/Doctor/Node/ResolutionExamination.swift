import Host
import Vocabulary

/// Whether names can be resolved: by each name server, since each look-up waits for a dead one that stands before the others.
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
        return Self.judge(dead, of: servers)
    }

    static func judge(_ dead: [(IPAddress, DNSFailure)], of servers: [IPAddress]) -> [Finding] {
        guard !dead.isEmpty else { return [] }
        let isAll = dead.count == servers.count
        let isFirst = dead.contains { $0.0 == servers.first }
        return [
            Finding(
                .dnsNoAnswer,
                isAll ? .critical : .warning,
                seen: dead.map { "name server \($0): \($1)" }.joined(separator: "; "),
                why: isAll
                    ? nil
                    : isFirst
                        ? "each look-up asks the first server, and waits for it before it asks the next"
                        : "when the servers before it don't answer, deliveries wait for it in vain"
            )
        ]
    }

    private static let noServer = Finding(
        .dnsNoServer,
        seen: "/etc/resolv.conf names no server"
    )
}
