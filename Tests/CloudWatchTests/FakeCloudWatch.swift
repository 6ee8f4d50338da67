import AWS
import Synchronization
import Vocabulary

@testable import CloudWatch

/// CloudWatch's APIs as a test has them answer.
final class FakeCloudWatch: LogEventWriting, MetricWriting {
    struct Put: Equatable {
        let data: [MetricDatum]
        let dimension: MetricDimension
        let namespace: String
        let time: Int
    }

    private struct State {
        var calls: [[String]] = []
        var streams: Set<String> = []
        var puts: [Put] = []
        var failures: [AWSFailure?] = []
        var fails: AWSFailure?
        var rejected = 0
    }

    private let state = Mutex(State())

    /// The messages that arrived, by call.
    var calls: [[String]] { state.withLock { $0.calls } }
    var streams: Set<String> { state.withLock { $0.streams } }
    var puts: [Put] { state.withLock { $0.puts } }

    /// Lets the next calls fail, one after another; `nil` lets one succeed.
    func fail(_ failures: AWSFailure?...) { state.withLock { $0.failures += failures } }

    /// Lets every call fail; `nil` ends that.
    func failAlways(_ failure: AWSFailure?) { state.withLock { $0.fails = failure } }

    func reject(_ count: Int) { state.withLock { $0.rejected = count } }

    func put(_ batch: LogEventBatch, to stream: String, of group: LogGroupName) async throws(AWSFailure) -> Int {
        try refuse()
        return state.withLock { state in
            state.calls.append(batch.events.map(\.message))
            state.streams.insert("\(group) \(stream)")
            return state.rejected
        }
    }

    func put(
        _ data: [MetricDatum],
        of dimension: MetricDimension,
        to namespace: MetricNamespace,
        at time: Int
    ) async throws(AWSFailure) {
        try refuse()
        let put = Put(data: data, dimension: dimension, namespace: "\(namespace)", time: time)
        state.withLock { $0.puts.append(put) }
    }

    private func refuse() throws(AWSFailure) {
        let failure = state.withLock { state in
            state.failures.isEmpty ? state.fails : state.failures.removeFirst()
        }
        if let failure { throw failure }
    }

    static func failure(_ code: String) -> AWSFailure {
        AWSFailure(action: "logs:PutLogEvents", reason: .answered(AWSError(status: 400, code: code, message: "Why.")))
    }
}
