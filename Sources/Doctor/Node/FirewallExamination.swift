import Host
import SystemPackage

/// Whether the host's own firewall drops connections of the load balancer. Its rules do not touch loopback as a rule,
/// so every probe on the host itself passes.
struct FirewallExamination: Examination {
    let name = "host firewall"
    let ports: [UInt16]
    let files: FileSystem
    let runner: any CommandRunner

    private static let nft: [FilePath] = ["/usr/sbin/nft", "/sbin/nft"]
    private static let iptables: [FilePath] = ["/usr/sbin/iptables", "/sbin/iptables"]
    /// Names a table of the older kind in each line, where there is one. Without it, asking would load a kernel module.
    private static let olderTables: FilePath = "/proc/net/ip_tables_names"

    func findings() async throws -> [Finding] {
        guard let interface = mainInterface else { return [] }
        var findings: [Finding] = []
        if let nft = Self.nft.first(where: files.isExecutable) {
            let output = try await runner.runChecked(Command(nft.string, ["list", "ruleset"]))
            findings += Self.judge(FirewallRules(nftables: output.standardOutput), ports, interface)
        }
        if let iptables = Self.iptables.first(where: files.isExecutable),
            (try? files.bytes(at: Self.olderTables))?.isEmpty == false
        {
            let output = try await runner.runChecked(Command(iptables.string, ["-S"]))
            findings += Self.judge(FirewallRules(iptables: output.standardOutput), ports, interface)
        }
        return findings
    }

    static func judge(_ rules: FirewallRules, _ ports: [UInt16], _ interface: String) -> [Finding] {
        ports.compactMap { port in
            guard let barrier = rules.barrier(to: port, by: interface) else { return nil }
            return Finding(
                .hostFirewall,
                seen: """
                    this host's own firewall drops connections to port \(port) that come in by \(interface): \
                    \(barrier.place): '\(barrier.rule)'
                    """,
                fix: fix(port, barrier)
            )
        }
    }

    private static func fix(_ port: UInt16, _ barrier: FirewallRules.Barrier) -> String {
        if barrier.table.hasSuffix(" firewalld") {
            return "firewall-cmd --permanent --add-port=\(port)/tcp && firewall-cmd --reload"
        }
        if barrier.table == "iptables" {
            return "iptables -I INPUT -p tcp --dport \(port) -j ACCEPT, and the same where the rules are kept"
        }
        let chain = barrier.place.split(separator: " ").last ?? "input"
        return
            "nft insert rule \(barrier.table) \(chain) tcp dport \(port) accept, and the same in /etc/nftables.conf or /etc/sysconfig/nftables.conf"
    }

    /// The one of the default route (proc_net_route: interface, destination in hexadecimal digits).
    private var mainInterface: String? {
        let table = (try? files.bytes(at: "/proc/net/route")) ?? []
        let lines = String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst()
        for line in lines {
            let fields = line.split(separator: "\t")
            if fields.count > 1, fields[1] == "00000000" { return String(fields[0]) }
        }
        return nil
    }
}
