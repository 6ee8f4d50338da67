import Testing

@testable import Doctor
@testable import RelayAgent

struct FindingMetricsTests {
    @Test func metricsHaveEachCauseOnceByItsHighestSeverity() {
        let findings = [
            Finding(.serviceDown, of: "nginx", seen: "s"), Finding(.noListener, of: "nginx", seen: "s"),
            Finding(.diskFull, .warning, seen: "s"), Finding(.diskFull, .critical, seen: "s"),
            Finding(.examinationFailed, seen: "s"),
        ]
        let lines = DoctorReport(findings, examined: []).metrics.split(separator: "\n").dropFirst(2)
        #expect(
            Array(lines) == [
                "smtp_relay_agent_finding{name=\"disk-full\",severity=\"critical\"} 1",
                "smtp_relay_agent_finding{name=\"service-down\",severity=\"critical\"} 1",
            ]
        )
    }
}
