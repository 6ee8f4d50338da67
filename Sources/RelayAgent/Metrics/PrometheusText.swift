/// Metrics in Prometheus's text format, version 0.0.4 (prometheus.io, "Exposition formats").
struct PrometheusText: CustomStringConvertible {
    enum Kind: String {
        /// Only grows, and begins at 0 again after a boot.
        case counter
        case gauge
    }

    /// One value of a metric.
    struct Sample {
        /// The label's value; `nil` where the metric has no label.
        let label: String?
        let value: Double

        init(_ value: Double, label: String? = nil) {
            self.value = value
            self.label = label
        }

        init(_ value: Int, label: String? = nil) {
            self.init(Double(value), label: label)
        }
    }

    private(set) var description = ""

    /// Adds a metric with all of its samples; without any, nothing.
    mutating func add(_ metric: Metric, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        let (name, help) = (metric.name, Self.escaped(metric.help, quotes: false))
        description += "# HELP \(name) \(help)\n# TYPE \(name) \(metric.kind.rawValue)\n"
        for sample in samples {
            var label = ""
            if let key = metric.label, let value = sample.label {
                label = "{\(key)=\"\(Self.escaped(value, quotes: true))\"}"
            }
            description += "\(name)\(label) \(Self.number(sample.value))\n"
        }
    }

    private static func number(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
