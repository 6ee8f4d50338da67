package import Doctor

extension DoctorReport {
    /// For Prometheus: how grave each finding is; 0 where it is not there, or follows from another.
    package var metrics: String {
        var text = PrometheusText()
        text.add(
            "smtp_relay_agent_finding",
            .gauge,
            "How grave a finding of the doctor is: 3 critical, 2 warning, 1 info, 0 not there or below its cause.",
            FindingRegistry.all.filter(\.isMetric).map { kind in
                let ranks = causes.filter { $0.name == kind.name }.map(\.severity.rank)
                return .init(ranks.max() ?? 0, label: ("name", kind.name))
            }
        )
        return text.description
    }
}
