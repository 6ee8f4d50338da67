import Reports

extension HelpTopic {
    static let metrics = HelpTopic(
        name: "metrics",
        abstract: "every metric that nginx serves at /metrics",
        introduction: [
            """
            nginx serves these metrics at `/metrics`, in Prometheus's text format, on the port of the health check, to \
            loopback and the VPC. Counters start at 0 with each boot. A service or probe that the last pass did not check has \
            no sample. The departure's metrics exist only on a node that leaves or has left.
            """
        ],
        columns: ["metric", "", "labels"],
        rows: Metric.allCases.map { metric in
            ["`\(metric.name)`", metric.help, metric.labels.map { "`\($0)`" }.joined(separator: ", ")]
        }
    )
}
