package import HTTP
import Vocabulary

/// Calls of the AWS query protocol: form-encoded requests, signed, answered in XML; and of the JSON one.
///
/// Each try has its own short time-out under one overall deadline, so one hanging call can't eat the whole
/// (amazon-eks-ami#2423). What may pass is tried again with full jitter.
package actor QueryClient {
    /// The time limits of a call.
    package struct Limits: Sendable {
        /// One try.
        package var attempt: Duration = .seconds(5)
        /// All tries of a call, and the waits between them.
        package var overall: Duration = .seconds(60)
        package var retry = RetryPolicy(base: .milliseconds(500), cap: .seconds(10))

        package init() {}
    }

    private let endpoint: ServiceEndpoint
    private let credentials: any CredentialSource
    private let transport: any HTTPTransport
    private let limits: Limits
    private let tally: APITally
    private let budget: RetryBudget
    private let onWait: @Sendable (String) -> Void
    private let time: TimeSource
    /// Seconds to add to this host's clock to have the server's.
    private var clockOffset: Double = 0

    /// - Parameters:
    ///   - tally: Counts every try, and every answer that throttles.
    ///   - budget: The retries of all clients of the node.
    ///   - onWait: Is told when a service is out of reach, and the call tries on.
    package init(
        _ endpoint: ServiceEndpoint,
        credentials: any CredentialSource,
        transport: any HTTPTransport,
        limits: Limits = Limits(),
        tally: APITally,
        budget: RetryBudget,
        onWait: @escaping @Sendable (String) -> Void = { _ in },
        time: TimeSource = .system
    ) {
        self.endpoint = endpoint
        self.credentials = credentials
        self.transport = transport
        self.limits = limits
        self.tally = tally
        self.budget = budget
        self.onWait = onWait
        self.time = time
    }

    /// Calls an action.
    ///
    /// - Returns: The root of the answer.
    package func call(_ action: String, _ parameters: [(String, String)]) async throws(AWSFailure) -> XMLElement {
        let body = form([("Action", action), ("Version", endpoint.service.version)] + parameters)
        let type = HTTPHeader("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        return try await call(action, headers: [type], body: body) { response throws(XMLFailure) in
            try XMLElement.parse(response.body)
        }
    }

    /// Calls an action that has nothing to do where an error says that its object is gone.
    ///
    /// - Returns: Whether the action was done.
    package func call(
        _ action: String,
        _ parameters: [(String, String)],
        unless isGone: @Sendable (AWSFailure) -> Bool
    ) async throws(AWSFailure) -> Bool {
        do throws(AWSFailure) {
            _ = try await call(action, parameters)
            return true
        } catch {
            guard isGone(error) else { throw error }
            return false
        }
    }

    /// Calls an action of the JSON protocol, version 1.1.
    ///
    /// - Parameters:
    ///   - target: The text before the action in `X-Amz-Target`: the API's own name for itself.
    ///   - body: JSON.
    /// - Returns: The answer's JSON.
    package func callJSON(_ target: String, _ action: String, _ body: [UInt8]) async throws(AWSFailure) -> [UInt8] {
        let headers = [
            HTTPHeader("Content-Type", "application/x-amz-json-1.1"), HTTPHeader("X-Amz-Target", "\(target).\(action)"),
        ]
        return try await call(action, headers: headers, body: body) { response throws(XMLFailure) in response.body }
    }

    /// Fetches what has an address of its own, as in S3's REST protocol.
    ///
    /// - Parameters:
    ///   - action: As IAM names it, without the service.
    ///   - url: With plain characters alone: nothing is encoded here.
    package func get(_ action: String, _ url: String) async throws(AWSFailure) -> HTTPResponse {
        let headers = [HTTPHeader("X-Amz-Content-SHA256", SigV4Signer.digestOfNothing)]
        return try await call(action, to: url, .get, headers: headers, body: []) { response throws(XMLFailure) in
            response
        }
    }

    private func call<Answer: Sendable>(
        _ action: String,
        to url: String? = nil,
        _ method: HTTPRequest.Method = .post,
        headers: [HTTPHeader],
        body: [UInt8],
        _ read: @Sendable @escaping (HTTPResponse) throws(XMLFailure) -> Answer
    ) async throws(AWSFailure) -> Answer {
        let own = time.now() + limits.overall
        let name = "\(endpoint.service.actionPrefix):\(action)"
        let place: String
        switch endpoint.url {
        case .success(let found): place = url ?? found
        case .failure(let failure): throw AWSFailure(action: name, reason: .noEndpoint(failure))
        }
        let call = Call(
            name: name,
            request: HTTPRequest(method, place, headers: headers, body: body),
            started: time.now(),
            deadline: min(own, CallDeadline.current ?? own)
        )
        var retry = limits.retry
        // Work that has to be done by a time tries until then.
        let hasDeadline = CallDeadline.current != nil
        if !hasDeadline { retry.attempts = CallPatience.tries ?? retry.attempts }
        return try await retrying(retry, until: call.deadline, time: time) { count in
            let outcome = await self.attempt(call, count, read)
            switch outcome {
            case .success: self.budget.giveBack(call.price)
            case .failure: break
            case .retry(var failure, _):
                if count == 2, case .unreachable = failure.reason { self.onWait("waiting: \(failure)") }
                guard retry.attempts.map({ count < $0 }) ?? true else { break }
                call.price = RetryBudget.price(of: failure.reason)
                guard !self.budget.take(call.price, at: self.time.secondsSinceEpoch()), !hasDeadline else { break }
                failure.isOutOfRetries = true
                return .failure(failure)
            }
            return outcome
        }
    }

    /// One call, for as long as it lasts.
    private final class Call {
        let name: String
        let request: HTTPRequest
        let started: ContinuousClock.Instant
        let deadline: ContinuousClock.Instant
        /// Each of these helps once; if the error comes again, its cause is another.
        var hasCorrectedClock = false
        var hasRenewedCredentials = false
        /// The price that its last retry took from the budget.
        var price = 0.0

        init(
            name: String,
            request: HTTPRequest,
            started: ContinuousClock.Instant,
            deadline: ContinuousClock.Instant
        ) {
            self.name = name
            self.request = request
            self.started = started
            self.deadline = deadline
        }
    }

    private func attempt<Answer>(
        _ call: Call,
        _ count: Int,
        _ read: (HTTPResponse) throws(XMLFailure) -> Answer
    ) async -> Attempt<Answer, AWSFailure> {
        func failure(_ reason: AWSFailure.Reason) -> AWSFailure {
            AWSFailure(action: call.name, reason: reason, attempts: count, waited: time.now() - call.started)
        }
        while true {
            let keys: Credentials
            do {
                keys = try await credentials.credentials()
            } catch {
                return .failure(failure(.credentials(error)))
            }
            let response: HTTPResponse
            do throws(HTTPFailure) {
                response = try await send(call, with: keys)
            } catch {
                var failure = failure(.unreachable(error))
                failure.endpointVariables = endpoint.variables
                return error.reason == .invalidAddress ? .failure(failure) : .retry(failure, after: nil)
            }
            if response.status == 200 {
                do throws(XMLFailure) {
                    return .success(try read(response))
                } catch {
                    return .failure(failure(.unreadable(error.reason)))
                }
            }
            let error = AWSError(response)
            if error.isThrottling { tally.countThrottle() }
            if await cure(error, response, call) { continue }
            let failure = failure(.answered(error))
            return error.isWorthRetrying ? .retry(failure, after: response.retryAfter) : .failure(failure)
        }
    }

    private func send(_ call: Call, with keys: Credentials) async throws(HTTPFailure) -> HTTPResponse {
        let signer = SigV4Signer(
            credentials: keys,
            region: endpoint.region.description,
            service: endpoint.service.name
        )
        tally.countCall()
        let remaining = max(call.deadline - time.now(), .milliseconds(1))
        return try await transport.send(
            signer.sign(call.request, at: time.secondsSinceEpoch() + clockOffset),
            timeout: min(limits.attempt, remaining)
        )
    }

    /// Does away with what makes AWS refuse a right request: a wrong clock, keys that do not count any more.
    ///
    /// - Returns: Whether the same request is worth sending again at once.
    private func cure(_ error: AWSError, _ response: HTTPResponse, _ call: Call) async -> Bool {
        if error.mayBeClockSkew, !call.hasCorrectedClock, correctClock(by: response) {
            call.hasCorrectedClock = true
            return true
        }
        if error.refusesKeys, !call.hasRenewedCredentials {
            call.hasRenewedCredentials = true
            return await credentials.invalidate()
        }
        return false
    }

    /// Takes the server's word for the time, where ours is off by more than AWS forgives.
    ///
    /// - Returns: Whether there was something to correct.
    private func correctClock(by response: HTTPResponse) -> Bool {
        guard let date = response["Date"], let server = CivilDate.seconds(httpDate: date) else { return false }
        let offset = server - time.secondsSinceEpoch()
        // AWS forgives five minutes; a minute less is near enough to tell skew from another cause.
        guard abs(offset - clockOffset) > 240 else { return false }
        clockOffset = offset
        return true
    }

    private func form(_ fields: [(String, String)]) -> [UInt8] {
        Array(fields.map { "\($0.percentEncoded())=\($1.percentEncoded())" }.joined(separator: "&").utf8)
    }
}
