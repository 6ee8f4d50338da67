import Host
import RelayTestSupport
import SystemPackage
import Testing

@testable import Doctor

struct FirewallExaminationTests {
    private func dropped(_ rules: FirewallRules, _ ports: [UInt16] = [25, 80, 587]) -> [UInt16] {
        ports.filter { rules.barrier(to: $0, by: "eth0") != nil }
    }

    /// A table with one chain of these rules, as nft prints it.
    private func nft(_ rules: String..., policy: String = "accept", hook: String = "input") -> FirewallRules {
        let head = "table inet filter {\n\tset s {\n\t\ttype inet_service\n\t}\n\n\tchain input {\n"
        let type = "\t\ttype filter hook \(hook) priority filter; policy \(policy);\n"
        return FirewallRules(nftables: head + type + rules.map { "\t\t\($0)\n" }.joined() + "\t}\n}\n")
    }

    @Test func whatDropsAPortIsFound() {
        #expect(dropped(nft("iifname != \"lo\" tcp dport { 25, 80 } drop")) == [25, 80])
        #expect(dropped(nft("iif \"lo\" accept", "tcp dport 25 counter packets 7 bytes 420 drop")) == [25])
        #expect(dropped(nft("tcp dport 1-100 reject with icmpx admin-prohibited")) == [25, 80])
        #expect(dropped(nft("ct state established,related accept", "tcp dport != 25 drop")) == [80, 587])
        #expect(
            dropped(
                nft("ct state vmap { established : accept, related : accept }", "iifname \"lo\" accept", policy: "drop")
            ).count == 3
        )
        #expect(dropped(nft("meta l4proto { tcp, udp } log prefix \"no accept \" drop", hook: "prerouting")).count == 3)
    }

    @Test func whatIsLetInOrNotUnderstoodIsNot() {
        #expect(dropped(nft("tcp dport { 25, 80, 587 } accept", policy: "drop")).isEmpty)
        #expect(dropped(nft("iifname \"lo\" tcp dport 25 drop", "udp dport 25 drop", "tcp sport 25 drop")).isEmpty)
        #expect(dropped(nft("ip saddr 10.0.0.0/16 accept", policy: "drop")).isEmpty)
        #expect(dropped(nft("ip saddr @blocked drop", "limit rate over 10/second drop")).isEmpty)
        #expect(dropped(nft("tcp dport @s drop", "iifname \"docker0\" drop")).isEmpty)
        #expect(dropped(nft("ct state invalid drop", "ct state { established, related } accept")).isEmpty)
        #expect(dropped(nft("tcp dport 25 drop", hook: "forward")).isEmpty)
        #expect(dropped(FirewallRules(nftables: "")).isEmpty)
    }

    @Test func firewalldIsFollowedThroughItsChains() throws {
        let text = """
            table inet firewalld {
            	chain filter_INPUT {
            		type filter hook input priority filter + 10; policy accept;
            		ct state { established, related } accept
            		ct status dnat accept
            		iifname "lo" accept
            		jump filter_INPUT_ZONES
            		reject with icmpx admin-prohibited
            	}

            	chain filter_INPUT_ZONES {
            		iifname "eth0" goto filter_IN_public
            		goto filter_IN_public
            	}

            	chain filter_IN_public {
            		jump filter_IN_public_allow
            		meta l4proto { icmp, ipv6-icmp } accept
            	}

            	chain filter_IN_public_allow {
            		tcp dport 22 accept
            		tcp dport 80 accept
            	}
            }
            """
        let rules = FirewallRules(nftables: text)
        #expect(dropped(rules, [22, 25, 80]) == [25])
        let finding = try #require(FirewallExamination.judge(rules, [25], "eth0").first)
        #expect(finding.fix.hasPrefix("firewall-cmd --permanent --add-port=25/tcp"))
        #expect(finding.seen.contains("table inet firewalld, chain filter_INPUT"))
    }

    @Test func theOlderKindIsReadToo() {
        func rules(_ lines: String...) -> FirewallRules { FirewallRules(iptables: lines.joined(separator: "\n")) }
        #expect(dropped(rules("-P INPUT DROP", "-A INPUT -i lo -j ACCEPT")).count == 3)
        #expect(dropped(rules("-P INPUT ACCEPT", "-A INPUT ! -i lo -p tcp -m tcp --dport 25 -j DROP")) == [25])
        #expect(
            dropped(
                rules(
                    "-P INPUT ACCEPT",
                    "-A INPUT -p tcp -m multiport --dports 25,80 -j REJECT --reject-with tcp-reset"
                )
            ) == [25, 80]
        )
        let chain = "-A mail -p tcp -m tcp --dport 25 -j ACCEPT"
        #expect(dropped(rules("-P INPUT DROP", "-N mail", "-A INPUT -j mail", chain)) == [80, 587])
        #expect(dropped(rules("-P INPUT DROP", "-A INPUT -s 10.0.0.0/16 -j ACCEPT")).isEmpty)
        #expect(dropped(rules("-P INPUT ACCEPT", "-A INPUT -m state --state RELATED,ESTABLISHED -j DROP")).isEmpty)
        #expect(
            dropped(rules("-P INPUT ACCEPT", "-A INPUT -m comment --comment \"no mail -j DROP\" -j ACCEPT")).isEmpty
        )
    }

    @Test func nobodyIsAskedWhoIsNotThere() async throws {
        try await withTemporaryRoot { files in
            let examination = FirewallExamination(ports: [25], files: files, runner: ScriptedRunner())
            #expect(try await examination.findings().isEmpty)
            try files.createDirectory("/proc/net")
            let route = "Iface\tDestination\tGateway\neth0\t0000000A\t00000000\neth0\t00000000\t0100000A\n"
            try files.put(Array(route.utf8), at: "/proc/net/route")
            try files.createDirectory("/usr/sbin")
            try files.replace("/usr/sbin/nft", with: [], attributes: FileAttributes(permissions: .executable))
            try files.replace("/usr/sbin/iptables", with: [], attributes: FileAttributes(permissions: .executable))
            let table = "table ip t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n"
            let runner = ScriptedRunner(["/usr/sbin/nft list ruleset": CommandOutput(status: 0, standardOutput: table)])
            let found = try await FirewallExamination(ports: [25], files: files, runner: runner).findings()
            #expect(found.map(\.name) == ["host-firewall"])
            #expect(runner.lines.count == 1)
        }
    }
}
