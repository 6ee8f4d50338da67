package import HTTP
import Synchronization
import Testing

/// A transport that answers from a script, in its order, and keeps what it was asked. It fails the test when it is asked
/// more than the script has.
package final class ScriptedTransport: HTTPTransport {
    /// One step of a script.
    package enum Step: Sendable {
        case answer(HTTPResponse)
        case fail(HTTPFailure.Reason)

        /// An answer of text.
        package static func text(_ status: Int, _ text: String = "", headers: [HTTPHeader] = []) -> Step {
            .answer(HTTPResponse(status: status, headers: headers, text: text))
        }
    }

    private struct State {
        var steps: [Step]
        var requests: [HTTPRequest] = []
        var timeouts: [Duration] = []
    }

    private let state: Mutex<State>

    package init(_ steps: [Step] = []) {
        self.state = Mutex(State(steps: steps))
    }

    /// The requests so far.
    package var requests: [HTTPRequest] { state.withLock { $0.requests } }
    /// With which time-outs.
    package var timeouts: [Duration] { state.withLock { $0.timeouts } }
    /// The number of steps of the script that were not used.
    package var unused: Int { state.withLock { $0.steps.count } }

    package func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPFailure) -> HTTPResponse {
        let step = state.withLock { state -> Step? in
            state.requests.append(request)
            state.timeouts.append(timeout)
            return state.steps.isEmpty ? nil : state.steps.removeFirst()
        }
        switch step {
        case .answer(let response): return response
        case .fail(let reason): throw HTTPFailure(url: request.url, reason: reason)
        case nil:
            Issue.record("a request that the test did not ask for: \(request.method.rawValue) \(request.url)")
            throw HTTPFailure(url: request.url, reason: .other("not in the script"))
        }
    }
}

/// A transport that asks a closure, for servers that answer by what they are asked.
package struct AnsweringTransport: HTTPTransport {
    private let answer: @Sendable (HTTPRequest) -> ScriptedTransport.Step

    package init(_ answer: @escaping @Sendable (HTTPRequest) -> ScriptedTransport.Step) {
        self.answer = answer
    }

    package func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPFailure) -> HTTPResponse {
        switch answer(request) {
        case .answer(let response): return response
        case .fail(let reason): throw HTTPFailure(url: request.url, reason: reason)
        }
    }
}
