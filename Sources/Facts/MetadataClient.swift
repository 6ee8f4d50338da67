import AWS
package import HTTP
package import Vocabulary

/// The instance metadata service, version 2: every request carries a token (EC2 User Guide, "Use IMDSv2").
///
/// Metadata that comes up late is waited for, with back-off and jitter, until one overall deadline.
package actor MetadataClient {
    private let transport: any HTTPTransport
    private let endpoints: [String]
    private let isDisabled: Bool
    private let settings: NodeSettings.Metadata
    private let time: TimeSource
    private let onWait: @Sendable (String) -> Void

    private var started: ContinuousClock.Instant
    private var deadline: ContinuousClock.Instant
    private var lastRead: ContinuousClock.Instant?
    private var endpoint: String?
    private var token: Token?
    private var hasTold = false

    private struct Token {
        /// `nil` where version 1 is used, without a token.
        let value: String?
        let renewAt: ContinuousClock.Instant
    }

    /// Seconds; the longest that the service allows.
    private static let tokenLifetime = 21600
    private static let attemptTimeout: Duration = .seconds(2)
    private static let retry = RetryPolicy(base: .milliseconds(250), cap: .seconds(5))

    /// - Parameters:
    ///   - environment: `AWS_EC2_METADATA_SERVICE_ENDPOINT`, `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` and
    ///     `AWS_EC2_METADATA_DISABLED` count.
    ///   - onWait: Is told once, when the service has to be waited for.
    package init(
        transport: any HTTPTransport,
        environment: [String: String],
        settings: NodeSettings.Metadata,
        time: TimeSource = .system,
        onWait: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.transport = transport
        self.settings = settings
        self.time = time
        self.onWait = onWait
        self.isDisabled = environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true"
        self.endpoints = Self.endpoints(environment)
        self.started = time.now()
        self.deadline = time.now() + settings.timeout
    }

    /// A value that must exist: its absence is waited out, as a service that is only half up has it.
    package func required(_ path: String) async throws(MetadataFailure) -> String {
        try await read(path, absence: .isWaitedOut(.missing))
    }

    /// A value that need not exist: 404 is an answer, and no value.
    package func optional(_ path: String) async throws(MetadataFailure) -> String? {
        do throws(MetadataFailure) {
            return try await read(path, absence: .isAnswer)
        } catch {
            if error.reason == .missing { return nil }
            throw error
        }
    }

    /// A value that is waited for only so long; `absence` is what its absence means.
    func required(
        _ path: String,
        within patience: Duration,
        absence: MetadataFailure.Reason
    ) async throws(MetadataFailure) -> String {
        try await read(path, absence: .isWaitedOut(absence), within: patience)
    }

    /// What a 404 is.
    private enum Absence {
        case isAnswer
        case isWaitedOut(MetadataFailure.Reason)
    }

    /// Reads a path, and tries again what may pass.
    private func read(
        _ path: String,
        absence: Absence,
        within patience: Duration? = nil
    ) async throws(MetadataFailure) -> String {
        guard !isDisabled else { throw failure(path, .disabledHere) }
        beginPass()
        defer { lastRead = time.now() }
        let end = [patience.map { time.now() + $0 }, CallDeadline.current].compactMap(\.self).reduce(deadline, min)
        return try await retrying(Self.retry, until: end, time: time) { count in
            let outcome = await self.attempt(path, absence: absence)
            if case .retry(let failure, _) = outcome, count > 1 { self.tell(failure) }
            return outcome
        }
    }

    /// Begins to wait anew: what is read from now on is waited for until then, and no longer.
    ///
    /// - Parameter patience: At most the settings' own.
    package func begin(patience: Duration) {
        (started, deadline, hasTold) = (time.now(), time.now() + min(patience, settings.timeout), false)
        lastRead = started
    }

    /// Gives a resident caller its whole patience again, once it has been silent for longer than that.
    private func beginPass() {
        let now = time.now()
        if let lastRead, now - lastRead <= settings.timeout { return }
        (started, deadline, hasTold) = (now, now + settings.timeout, false)
    }

    private func tell(_ failure: MetadataFailure) {
        guard !hasTold else { return }
        hasTold = true
        onWait("waiting: \(failure)")
    }

    private func attempt(_ path: String, absence: Absence) async -> Attempt<String, MetadataFailure> {
        let token: Token
        switch await currentToken() {
        case .success(let good): token = good
        case .failure(.disabledOnInstance): return .failure(failure(path, .disabledOnInstance))
        case .failure(let reason): return .retry(failure(path, reason), after: nil)
        }
        let headers = token.value.map { [HTTPHeader("X-aws-ec2-metadata-token", $0)] } ?? []
        let url = "\(endpoint ?? endpoints[0])/latest/meta-data/\(path)"
        do throws(HTTPFailure) {
            let request = HTTPRequest(.get, url, headers: headers)
            let response = try await transport.send(request, timeout: Self.attemptTimeout)
            switch response.status {
            case 200: return .success(response.text)
            case 404:
                switch absence {
                case .isAnswer: return .failure(failure(path, .missing))
                case .isWaitedOut(let meaning): return .retry(failure(path, meaning), after: nil)
                }
            case 403: return .failure(failure(path, .disabledOnInstance))
            case 401:
                // The service has forgotten the token, as after an instance's stop and start.
                self.token = nil
                return .retry(failure(path, .serverError(status: 401)), after: nil)
            default: return .retry(failure(path, .serverError(status: response.status)), after: response.retryAfter)
            }
        } catch {
            return .retry(failure(path, .noRoute(error.reason)), after: nil)
        }
    }

    private enum TokenResult {
        case success(Token)
        case failure(MetadataFailure.Reason)
    }

    private func currentToken() async -> TokenResult {
        if let token, time.now() < token.renewAt { return .success(token) }
        var reason = MetadataFailure.Reason.noToken
        for candidate in endpoint.map({ [$0] }) ?? endpoints {
            let request = HTTPRequest(
                .put,
                "\(candidate)/latest/api/token",
                headers: [HTTPHeader("X-aws-ec2-metadata-token-ttl-seconds", "\(Self.tokenLifetime)")]
            )
            do throws(HTTPFailure) {
                let response = try await transport.send(request, timeout: Self.attemptTimeout)
                if response.status == 200, !response.body.isEmpty {
                    return .success(use(response.text, at: candidate))
                }
                if settings.allowVersion1, [403, 404, 405].contains(response.status) {
                    return .success(use(nil, at: candidate))
                }
                if response.status == 403 { return .failure(.disabledOnInstance) }
                reason = .serverError(status: response.status)
            } catch {
                switch error.reason {
                case .timedOut where await isReachable(candidate):
                    return settings.allowVersion1 ? .success(use(nil, at: candidate)) : .failure(.noToken)
                default:
                    // The first endpoint is the one that most instances have: its trouble is the one to tell.
                    if candidate == endpoints[0] { reason = .noRoute(error.reason) }
                }
            }
        }
        return .failure(reason)
    }

    private func use(_ value: String?, at candidate: String) -> Token {
        // Renewed five minutes early, so that no request starts with a token that ends under way.
        let fresh = Token(value: value, renewAt: time.now() + .seconds(Self.tokenLifetime - 300))
        (endpoint, token) = (candidate, fresh)
        return fresh
    }

    /// Whether the service answers anything at all: then it is the token's answer alone that gets lost, as happens
    /// when the hop limit is too low.
    private func isReachable(_ candidate: String) async -> Bool {
        do throws(HTTPFailure) {
            _ = try await transport.send(HTTPRequest(.get, "\(candidate)/"), timeout: Self.attemptTimeout)
            return true
        } catch {
            return false
        }
    }

    func failure(_ path: String, _ reason: MetadataFailure.Reason) -> MetadataFailure {
        MetadataFailure(path: path, reason: reason, waited: time.now() - started)
    }
}
