package import Doctor
import Reports

extension DoctorReport {
    /// The severity of each finding for Prometheus; 0 where the finding is not there, or follows from another.
    package var metrics: String {
        var text = PrometheusText()
        let samples = FindingRegistry.all.filter(\.isMetric).map { kind in
            let ranks = causes.filter { $0.name == kind.name }.map(\.severity.rank)
            return PrometheusText.Sample(ranks.max() ?? 0, label: kind.name)
        }
        text.add(.finding, samples)
        return text.description
    }
}
