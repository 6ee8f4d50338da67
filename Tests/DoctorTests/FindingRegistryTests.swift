import Testing

@testable import Doctor

struct FindingRegistryTests {
    @Test func eachFindingIsDeclaredOnceAndWhole() {
        let names = FindingRegistry.all.map(\.name)
        #expect(Set(names).count == names.count)
        for kind in FindingRegistry.all {
            #expect(kind.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }, "\(kind.name)")
            #expect(!kind.severities.isEmpty && Set(kind.severities).count == kind.severities.count, "\(kind.name)")
            #expect(kind.seen.hasSuffix(".") && !kind.why.isEmpty && !kind.cure.isEmpty, "\(kind.name)")
        }
    }

    @Test func eachCauseIsAFindingAndNoneFollowsFromItself() {
        let causes = Dictionary(uniqueKeysWithValues: FindingRegistry.all.map { ($0.name, $0.causes.map(\.name)) })
        for kind in FindingRegistry.all {
            var reached: Set<String> = []
            var open = causes[kind.name] ?? []
            while let name = open.popLast() {
                #expect(causes[name] != nil, "\(kind.name) follows from \(name), which is declared")
                if reached.insert(name).inserted { open += causes[name] ?? [] }
            }
            #expect(!reached.contains(kind.name), "\(kind.name) does not follow from itself")
        }
    }

    /// The reference has each finding in a row of its own, with all of its cells.
    @Test func theTableHasARowForEachFinding() throws {
        #expect(FindingRegistry.rows.map(\.[0]) == FindingRegistry.all.map { "`\($0.name)`" })
        for row in FindingRegistry.rows {
            #expect(row.count == FindingRegistry.columns.count)
            // Only what follows from nothing has an empty cell.
            #expect(row.enumerated().allSatisfy { $0 == 6 || !$1.isEmpty }, "\(row)")
        }
        let row = try #require(FindingRegistry.rows.first { $0[0] == "`no-listener`" })
        let cells = [
            "`no-listener`", "the node", "critical", "Nothing listens on a port that Postfix or nginx should have.",
            "the load balancer's connections are refused", "systemctl restart SERVICE",
            "`service-down`, `selinux-denials`", "yes",
        ]
        #expect(row == cells)
    }
}

struct FindingTreeTests {
    private func tree(_ findings: [Finding]) -> [String] {
        FindingTree(findings).entries.map { String(repeating: " ", count: $0.depth) + $0.finding.name }
    }

    private func finding(_ kind: FindingKind, _ severity: Finding.Severity? = nil, of subject: String? = nil) -> Finding
    {
        Finding(kind, severity, of: subject, seen: "s")
    }

    @Test func aClosedSecurityGroupIsOneCause() {
        let findings = [
            finding(.instanceClosedToLoadBalancer, of: "load balancer a"),
            finding(.notInService, of: "load balancer a"),
        ]
        #expect(tree(findings) == ["instance-closed-to-load-balancer", " not-in-service"])
        // Another load balancer has a cause of its own.
        let other = findings + [finding(.notInService, of: "load balancer b")]
        #expect(tree(other) == ["instance-closed-to-load-balancer", " not-in-service", "not-in-service"])
    }

    @Test func aServiceThatIsDownStandsAboveWhatFollows() {
        let findings = [
            finding(.serviceDrift), finding(.smtpNoAnswer, of: "postfix"),
            finding(.notInService, of: "load balancer a"),
            finding(.healthCheckFails), finding(.noListener, of: "postfix"), finding(.serviceDown, of: "postfix"),
        ]
        #expect(
            tree(findings) == [
                "service-down", " smtp-no-answer", " health-check-fails", "  not-in-service", " no-listener",
                " service-drift",
            ]
        )
        // nginx is not why Postfix does not answer.
        let nginx = [finding(.serviceDown, of: "nginx"), finding(.smtpNoAnswer, of: "postfix")]
        #expect(tree(nginx) == ["service-down", "smtp-no-answer"])
    }

    @Test func aWarningHidesNothingCritical() {
        let findings = [finding(.dnsNoAnswer, .warning), finding(.smarthostUnknown)]
        #expect(tree(findings) == ["smarthost-unknown", "dns-no-answer"])
        #expect(DoctorReport(findings, examined: []).exitStatus == 3)
        #expect(tree([finding(.dnsNoAnswer), finding(.smarthostUnknown)]) == ["dns-no-answer", " smarthost-unknown"])
    }

    @Test func whatWasOrderedIsNoAlarm() {
        let findings = [
            finding(.nodeDrained), finding(.notInService, of: "load balancer a"), finding(.healthCheckFails),
        ]
        let report = DoctorReport(findings, examined: [])
        #expect(tree(findings) == ["node-drained", " not-in-service", " health-check-fails"])
        #expect(report.exitStatus == 2)
    }
}
