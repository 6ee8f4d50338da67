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
    private let deadline: ContinuousClock.Instant
    private let started: ContinuousClock.Instant
    private let onWait: @Sendable (String) -> Void

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
    private static let backoff = Backoff(base: .milliseconds(250), cap: .seconds(5))

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
        let named = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? ""
        let prefersIPv6 = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() == "ipv6"
        if !named.isEmpty {
            self.endpoints = [named.hasSuffix("/") ? String(named.dropLast()) : named]
        } else {
            let both = ["http://169.254.169.254", "http://[fd00:ec2::254]"]
            self.endpoints = prefersIPv6 ? both.reversed() : both
        }
        self.started = time.now()
        self.deadline = time.now() + settings.timeout
    }

    /// A value that must exist: its absence is waited out, as a service that is only half up has it.
    package func required(_ path: String) async throws(MetadataFailure) -> String {
        guard let value = try await read(path, isOptional: false, until: deadline) else {
            throw failure(path, .missing)
        }
        return value
    }

    /// A value that need not exist: 404 is an answer, and no value.
    package func optional(_ path: String) async throws(MetadataFailure) -> String? {
        try await read(path, isOptional: true, until: deadline)
    }

    /// A value that is waited for until the given time of its own, when metadata itself is up.
    func required(_ path: String, within patience: Duration) async throws(MetadataFailure) -> String? {
        try await read(path, isOptional: false, until: min(deadline, time.now() + patience))
    }

    /// Reads a path, and tries again what may pass.
    ///
    /// - Returns: `nil` for a 404 that is an answer, or that is still there at the end.
    private func read(
        _ path: String,
        isOptional: Bool,
        until end: ContinuousClock.Instant
    ) async throws(MetadataFailure) -> String? {
        guard !isDisabled else { throw failure(path, .disabledHere) }
        var attempts = 0
        while true {
            attempts += 1
            let trouble: MetadataFailure.Reason
            switch await attempt(path) {
            case .value(let value): return value
            case .absent where isOptional: return nil
            case .absent: trouble = .missing
            case .forbidden: throw failure(path, .disabledOnInstance)
            case .trouble(let reason): trouble = reason
            }
            let pause = Self.backoff.delay(after: attempts, retryAfter: nil, random: time.random())
            guard time.now() + pause < end else {
                if trouble == .missing { return nil }
                throw failure(path, trouble)
            }
            if !hasTold, attempts > 1 {
                hasTold = true
                onWait("waiting for instance metadata: \(failure(path, trouble))")
            }
            do {
                try await time.sleep(pause)
            } catch {
                throw failure(path, trouble)
            }
        }
    }

    private enum Answer {
        case value(String)
        case absent
        case forbidden
        case trouble(MetadataFailure.Reason)
    }

    private func attempt(_ path: String) async -> Answer {
        let token: Token
        switch await currentToken() {
        case .success(let good): token = good
        case .failure(.disabledOnInstance): return .forbidden
        case .failure(let reason): return .trouble(reason)
        }
        let headers = token.value.map { [HTTPHeader("X-aws-ec2-metadata-token", $0)] } ?? []
        let url = "\(endpoint ?? endpoints[0])/latest/meta-data/\(path)"
        do throws(HTTPFailure) {
            let response = try await transport.send(HTTPRequest(.get, url, headers: headers), timeout: Self.attemptTimeout)
            switch response.status {
            case 200: return .value(response.text)
            case 404: return .absent
            case 401:
                self.token = nil
                return .trouble(.serverError(status: 401))
            case 403: return .forbidden
            default: return .trouble(.serverError(status: response.status))
            }
        } catch {
            return .trouble(.noRoute(error.reason))
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
                    // Renewed five minutes early, so that no request starts with a token that ends under way.
                    let fresh = Token(value: response.text, renewAt: time.now() + .seconds(Self.tokenLifetime - 300))
                    (endpoint, token) = (candidate, fresh)
                    return .success(fresh)
                }
                if settings.allowVersion1, [403, 404, 405].contains(response.status) {
                    return .success(useVersion1(at: candidate))
                }
                if response.status == 403 { return .failure(.disabledOnInstance) }
                reason = .serverError(status: response.status)
            } catch {
                switch error.reason {
                case .timedOut where await isReachable(candidate):
                    if settings.allowVersion1 { return .success(useVersion1(at: candidate)) }
                    return .failure(.noToken)
                default:
                    // The first endpoint is the one that most instances have: its trouble is the one to tell.
                    if candidate == endpoints[0] { reason = .noRoute(error.reason) }
                }
            }
        }
        return .failure(reason)
    }

    private func useVersion1(at candidate: String) -> Token {
        let none = Token(value: nil, renewAt: time.now() + .seconds(Self.tokenLifetime))
        (endpoint, token) = (candidate, none)
        return none
    }

    /// Whether the service answers anything at all: then it is the token's answer alone that gets lost, as happens
    /// when the hop limit is too low.
    private func isReachable(_ candidate: String) async -> Bool {
        let request = HTTPRequest(.get, "\(candidate)/")
        do throws(HTTPFailure) {
            _ = try await transport.send(request, timeout: Self.attemptTimeout)
            return true
        } catch {
            return false
        }
    }

    func failure(_ path: String, _ reason: MetadataFailure.Reason) -> MetadataFailure {
        MetadataFailure(path: path, reason: reason, waited: time.now() - started)
    }
}
