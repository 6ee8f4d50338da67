package import AgentLog
package import Vocabulary

/// A line of the agent's own log as the JSON line that CloudWatch gets.
package struct AgentLogRecord: Sendable, CustomStringConvertible {
    /// The line, without its end.
    package let description: String

    /// - Parameter id: Names the event on this node.
    package init(_ event: AgentLogEvent, id: String, instance: InstanceID, addresses: AddressForm) {
        var line = JSONLine()
        line.add("time", "\(Timestamp(secondsSinceEpoch: event.time))")
        line.add("instance", "\(instance)")
        line.add("log", "agent")
        line.add("id", id)
        line.add("level", event.level)
        line.add("step", event.step)
        line.add("text", AddressWriting(form: addresses).text(event.text))
        self.description = line.description
    }
}
