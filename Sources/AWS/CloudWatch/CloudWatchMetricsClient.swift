package import Vocabulary

extension ServiceEndpoint.Service {
    package static let cloudWatch = Self(
        name: "monitoring",
        version: "2010-08-01",
        variable: "CLOUDWATCH",
        actionPrefix: "cloudwatch"
    )
}

/// A value of a metric (CloudWatch API Reference, MetricDatum).
package struct MetricDatum: Sendable, Equatable {
    /// A unit of CloudWatch's.
    package enum Unit: String, Sendable {
        case count = "Count"
        case seconds = "Seconds"
    }

    package let name: String
    package let unit: Unit
    package let value: Int

    package init(_ name: String, _ unit: Unit, _ value: Int) {
        self.name = name
        self.unit = unit
        self.value = value
    }
}

/// A dimension: metrics of one name and other dimensions are other metrics, which cost extra.
package struct MetricDimension: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// The part of CloudWatch's API that a node needs.
package protocol MetricWriting: Sendable {
    /// Writes values of one point in time.
    ///
    /// - Parameter time: Seconds since 1970.
    func put(
        _ data: [MetricDatum],
        of dimension: MetricDimension,
        to namespace: MetricNamespace,
        at time: Int
    ) async throws(AWSFailure)
}

/// CloudWatch's API, over the network (PutMetricData; CloudWatch API Reference).
package struct CloudWatchMetricsClient: MetricWriting {
    private let client: QueryClient

    package init(_ client: QueryClient) {
        self.client = client
    }

    package func put(
        _ data: [MetricDatum],
        of dimension: MetricDimension,
        to namespace: MetricNamespace,
        at time: Int
    ) async throws(AWSFailure) {
        var parameters = [("Namespace", "\(namespace)")]
        for (index, datum) in data.enumerated() {
            let member = "MetricData.member.\(index + 1)"
            parameters += [
                ("\(member).MetricName", datum.name), ("\(member).Unit", datum.unit.rawValue),
                ("\(member).Value", "\(datum.value)"), ("\(member).Timestamp", "\(Timestamp(secondsSinceEpoch: time))"),
                ("\(member).Dimensions.member.1.Name", dimension.name),
                ("\(member).Dimensions.member.1.Value", dimension.value),
            ]
        }
        _ = try await client.call("PutMetricData", parameters)
    }
}
