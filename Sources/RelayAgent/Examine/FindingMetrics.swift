package import Doctor
import Reports

extension DoctorReport {
    /// The findings for Prometheus, without those that follow from another.
    package var metrics: String {
        var text = PrometheusText()
        text.add(exported)
        return text.description
    }

    /// Each exported finding once, by its highest severity.
    var exported: [Found] {
        let names = Set(FindingRegistry.all.filter(\.isMetric).map(\.name))
        var worst: [String: Finding] = [:]
        for finding in causes where names.contains(finding.name) {
            if let known = worst[finding.name], known.severity.rank >= finding.severity.rank { continue }
            worst[finding.name] = finding
        }
        return worst.values.sorted { $0.name < $1.name }.map { Found(name: $0.name, severity: $0.severity.rawValue) }
    }
}
