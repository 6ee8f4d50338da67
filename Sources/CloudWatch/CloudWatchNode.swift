package import AWS
package import Vocabulary

/// This node, as it writes to CloudWatch.
package struct CloudWatchNode: Sendable {
    package let settings: CloudWatchSettings
    /// Names the log stream.
    package let instance: InstanceID
    /// Names the dimension of the metrics: all nodes of a group share a dozen metrics.
    package let group: String
    package let logs: any LogEventWriting
    package let metrics: any MetricWriting

    package init(
        settings: CloudWatchSettings,
        instance: InstanceID,
        group: String,
        logs: any LogEventWriting,
        metrics: any MetricWriting
    ) {
        self.settings = settings
        self.instance = instance
        self.group = group
        self.logs = logs
        self.metrics = metrics
    }
}
