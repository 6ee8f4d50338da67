import Testing

@testable import Doctor
@testable import RelayAgent

struct FindingMetricsTests {
    @Test func metricsShowEachCauseByItsSeverity() {
        let findings = [Finding(.serviceDown, of: "nginx", seen: "s"), Finding(.noListener, of: "nginx", seen: "s")]
        let report = DoctorReport(
            findings,
            examined: []
        )
        let lines = report.metrics.split(separator: "\n")
        #expect(lines.contains("smtp_relay_agent_finding{name=\"service-down\"} 3"))
        #expect(lines.contains("smtp_relay_agent_finding{name=\"no-listener\"} 0"))
        #expect(lines.count == 2 + FindingRegistry.all.count(where: \.isMetric))
        #expect(!report.metrics.contains("sender-not-in-networks"))
    }
}
