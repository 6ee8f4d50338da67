package import Doctor
import Reports

extension DoctorReport {
    /// The findings for Prometheus, without those that follow from another.
    package var metrics: String {
        var text = PrometheusText()
        text.add(.finding, exported.map { .init(1, labels: [$0.name, $0.severity.rawValue]) })
        return text.description
    }

    /// Each exported finding once, by its highest severity.
    private var exported: [Finding] {
        let names = Set(FindingRegistry.all.filter(\.isMetric).map(\.name))
        var worst: [String: Finding] = [:]
        for finding in causes where names.contains(finding.name) {
            if let known = worst[finding.name], known.severity.rank >= finding.severity.rank { continue }
            worst[finding.name] = finding
        }
        return worst.values.sorted { $0.name < $1.name }
    }
}
