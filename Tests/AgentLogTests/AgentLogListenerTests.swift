import Synchronization
import Testing

@testable import AgentLog

private final class Ear: AgentLogListener {
    private let kept = Mutex<[AgentLogEvent]>([])

    func heard(_ event: AgentLogEvent) { kept.withLock { $0.append(event) } }

    var events: [AgentLogEvent] { kept.withLock { $0 } }
}

private struct Nowhere: LogSink {
    func write(_ text: String) {}
}

struct AgentLogListenerTests {
    @Test func hearsWhatAnOperatorsLogHas() {
        let ear = Ear()
        let log = StepLog(.terminal, environment: [:], sink: Nowhere(), listener: ear)
        log.started("packages", "install postfix")
        log.done("packages", "install postfix", after: .milliseconds(1500))
        log.unchanged("nginx", after: .zero)
        log.warning("proxy", "look")
        log.failed(nil, "no")
        #expect(ear.events.map(\.level) == ["info", "warning", "error"])
        #expect(ear.events.map(\.step) == ["packages", "proxy", nil])
        #expect(ear.events.map(\.text) == ["install postfix (1.50 s)", "look", "no"])
    }
}
