/// Metrics in Prometheus's text format, version 0.0.4 (prometheus.io, "Exposition formats").
package struct PrometheusText: CustomStringConvertible {
    package enum Kind: String {
        /// The value only grows, and begins at 0 again after a boot.
        case counter
        case gauge
    }

    /// One value of a metric.
    package struct Sample {
        /// The label's value; `nil` where the metric has no label.
        let label: String?
        let value: Double

        package init(_ value: Double, label: String? = nil) {
            self.value = value
            self.label = label
        }

        package init(_ value: Int, label: String? = nil) {
            self.init(Double(value), label: label)
        }
    }

    package private(set) var description = ""

    package init() {}

    /// Adds a metric with all of its samples; without any, nothing.
    package mutating func add(_ metric: Metric, _ samples: [Sample]) {
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
