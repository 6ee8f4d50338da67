/// Puts the events of a log together, message by message.
struct MessageHistory {
    /// In the order in which they came.
    private(set) var all: [TracedMessage] = []
    /// The place of the message that an id means now.
    private var current: [QueueID: Int] = [:]
    /// The ids of before, of messages that were requeued.
    private var former: [QueueID: QueueID] = [:]

    /// The messages that were made from those that are here.
    var descendants: [QueueID] { all.flatMap(\.notices) + former.keys }

    /// - Parameter wanted: The ids that count.
    mutating func add(_ steps: [TracedMessage.Step], of wanted: Set<QueueID>) {
        for step in steps {
            if case .submitted(let id, let before?) = step.event, wanted.contains(before) { former[id] = before }
            guard let id = step.event.queueID, wanted.contains(id) else { continue }
            if let index = current[id], !startsAnew(step.event, all[index]) {
                all[index].add(step)
            } else {
                current[id] = all.count
                all.append(TracedMessage(id: id))
                all[all.count - 1].add(step)
            }
        }
    }

    /// Those that a query means, with what was made from them, in the order of their first lines.
    func messages(of query: TraceQuery) -> [TracedMessage] {
        var meant: Set<Int> = []
        for (index, message) in all.enumerated() where message.steps.contains(where: { query.matches($0.event) }) {
            meant.insert(index)
        }
        var ids = Set(meant.map { all[$0].id })
        // A notice and a requeued message come after the message that they come from.
        for (index, message) in all.enumerated() where !meant.contains(index) {
            let isNotice = meant.contains { all[$0].notices.contains(message.id) }
            guard isNotice || former[message.id].map(ids.contains) ?? false else { continue }
            meant.insert(index)
            ids.insert(message.id)
        }
        return meant.sorted().map { all[$0] }
    }

    private func startsAnew(_ event: MailEvent, _ message: TracedMessage) -> Bool {
        switch event {
        case .accepted, .submitted: true
        default: message.hasEnded
        }
    }
}
