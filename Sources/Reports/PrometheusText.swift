/// Metrics in Prometheus's text format, version 0.0.4 (prometheus.io, "Exposition formats").
package struct PrometheusText: CustomStringConvertible {
    package enum Kind: String {
        /// The value only grows, and begins at 0 again after a boot.
        case counter
        case gauge
        /// Counts of observations up to bounds, their sum and their number.
        case histogram
    }

    /// One value of a metric.
    package struct Sample {
        /// The values of the metric's labels, in their order.
        let labels: [String]
        let value: Double

        package init(_ value: Double, label: String? = nil) {
            self.init(value, labels: label.map { [$0] } ?? [])
        }

        package init(_ value: Int, label: String? = nil) {
            self.init(Double(value), label: label)
        }

        package init(_ value: Double, labels: [String]) {
            self.value = value
            self.labels = labels
        }
    }

    package private(set) var description = ""

    package init() {}

    /// Adds a metric with all of its samples; without any, nothing.
    package mutating func add(_ metric: Metric, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        addHead(metric)
        for sample in samples {
            addLine(metric.name, Array(zip(metric.labels, sample.labels)), sample.value)
        }
    }

    /// Adds a histogram.
    ///
    /// - Parameter counts: The observations up to each bound and above the one before; those above all bounds come last.
    package mutating func add(_ metric: Metric, bounds: [Double], counts: [Int], sum: Double) {
        addHead(metric)
        var total = 0
        for (bound, count) in zip(bounds.map(Self.number) + ["+Inf"], counts) {
            total += count
            addLine(metric.name + "_bucket", [("le", bound)], Double(total))
        }
        addLine(metric.name + "_sum", [], sum)
        addLine(metric.name + "_count", [], Double(total))
    }

    private mutating func addHead(_ metric: Metric) {
        let help = Self.escaped(metric.help, quotes: false)
        description += "# HELP \(metric.name) \(help)\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
    }

    private mutating func addLine(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let pairs = labels.map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }.joined(separator: ",")
        description += "\(name)\(pairs.isEmpty ? "" : "{\(pairs)}") \(Self.number(value))\n"
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
