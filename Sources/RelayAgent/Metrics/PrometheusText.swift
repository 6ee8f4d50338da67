/// Metrics in Prometheus's text format, version 0.0.4 (prometheus.io, "Exposition formats").
struct PrometheusText: CustomStringConvertible {
    enum Kind: String {
        /// Only grows, and begins at 0 again after a boot.
        case counter
        case gauge
    }

    /// One value of a metric.
    struct Sample {
        let label: (name: String, value: String)?
        let value: Double

        init(_ value: Double, label: (name: String, value: String)? = nil) {
            self.value = value
            self.label = label
        }

        init(_ value: Int, label: (name: String, value: String)? = nil) {
            self.init(Double(value), label: label)
        }
    }

    private(set) var description = ""

    /// Adds a metric with all of its samples; without any, nothing.
    ///
    /// - Parameters:
    ///   - name: With its unit as the last word; a counter's ends with `_total`.
    ///   - help: One sentence.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        description += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let label = sample.label.map { "{\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"}" } ?? ""
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
