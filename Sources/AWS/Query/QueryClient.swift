package import HTTP
import Vocabulary

/// Calls of the AWS query protocol: form-encoded requests, signed, answered in XML.
///
/// Each try has its own short time-out under one overall deadline, so one hanging call can't eat the whole
/// (amazon-eks-ami#2423). What may pass is tried again with full jitter.
package actor QueryClient {
    /// How long to try.
    package struct Limits: Sendable {
        /// One try.
        package var attempt: Duration = .seconds(5)
        /// All tries of a call, and the waits between them.
        package var overall: Duration = .seconds(60)
        package var backoff = Backoff(base: .milliseconds(500), cap: .seconds(10))

        package init() {}
    }

    private let endpoint: ServiceEndpoint
    private let credentials: any CredentialSource
    private let transport: any HTTPTransport
    private let limits: Limits
    private let time: TimeSource
    /// Seconds to add to this host's clock to have the server's.
    private var clockOffset: Double = 0

    package init(
        _ endpoint: ServiceEndpoint,
        credentials: any CredentialSource,
        transport: any HTTPTransport,
        limits: Limits = Limits(),
        time: TimeSource = .system
    ) {
        self.endpoint = endpoint
        self.credentials = credentials
        self.transport = transport
        self.limits = limits
        self.time = time
    }

    /// Calls an action.
    ///
    /// - Returns: The root of the answer.
    package func call(_ action: String, _ parameters: [(String, String)]) async throws(AWSFailure) -> XMLElement {
        let name = "\(endpoint.service.name):\(action)"
        let started = time.now()
        var attempts = 0
        var hasCorrectedClock = false
        var hasRenewedCredentials = false
        while true {
            attempts += 1
            let remaining = started + limits.overall - time.now()
            let outcome = await attempt(action, parameters, timeout: min(limits.attempt, remaining))
            let reason: AWSFailure.Reason
            var retryAfter: Duration?
            switch outcome {
            case .success(let response) where response.status == 200:
                do throws(XMLFailure) {
                    return try XMLElement.parse(response.body)
                } catch {
                    throw AWSFailure(action: name, reason: .unreadable(error.reason))
                }
            case .success(let response):
                let error = AWSError(response)
                reason = .answered(error)
                retryAfter = response.retryAfter
                if !hasCorrectedClock, error.mayBeClockSkew, correctClock(by: response) {
                    hasCorrectedClock = true
                    continue
                }
                if !hasRenewedCredentials, error.isExpiredToken {
                    hasRenewedCredentials = true
                    await credentials.invalidate()
                    continue
                }
                guard error.isWorthRetrying else { throw failure(name, reason, attempts, since: started) }
            case .failure(.credentials(let error)):
                throw failure(name, .credentials(error), attempts, since: started)
            case .failure(.transport(let failure)):
                reason = .unreachable(failure)
            }
            let pause = limits.backoff.delay(after: attempts, retryAfter: retryAfter, random: time.random())
            guard time.now() + pause < started + limits.overall else {
                throw failure(name, reason, attempts, since: started)
            }
            do {
                try await time.sleep(pause)
            } catch {
                throw failure(name, reason, attempts, since: started)
            }
        }
    }

    private enum AttemptFailure: Error {
        case credentials(any Error)
        case transport(HTTPFailure)
    }

    private func attempt(
        _ action: String,
        _ parameters: [(String, String)],
        timeout: Duration
    ) async -> Result<HTTPResponse, AttemptFailure> {
        let keys: Credentials
        do {
            keys = try await credentials.credentials()
        } catch {
            return .failure(.credentials(error))
        }
        let fields = [("Action", action), ("Version", endpoint.service.version)] + parameters
        let body = fields.map { "\($0.percentEncoded())=\($1.percentEncoded())" }.joined(separator: "&")
        let request = HTTPRequest(
            .post,
            endpoint.url,
            headers: [HTTPHeader("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: Array(body.utf8)
        )
        let signer = SigV4Signer(
            credentials: keys,
            region: endpoint.region.description,
            service: endpoint.service.name
        )
        do throws(HTTPFailure) {
            let signed = signer.sign(request, at: time.secondsSinceEpoch() + clockOffset)
            return .success(try await transport.send(signed, timeout: timeout))
        } catch {
            return .failure(.transport(error))
        }
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

    private func failure(
        _ action: String,
        _ reason: AWSFailure.Reason,
        _ attempts: Int,
        since started: ContinuousClock.Instant
    ) -> AWSFailure {
        AWSFailure(action: action, reason: reason, attempts: attempts, waited: time.now() - started)
    }
}
