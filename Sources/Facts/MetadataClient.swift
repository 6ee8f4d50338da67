import AWS
package import HTTP
package import Vocabulary

/// The instance metadata service, version 2: every request carries a token (EC2 User Guide, "Use IMDSv2").
///
/// Metadata that comes up late is waited for, with back-off and jitter. Each read has its own deadline, by its reader.
package actor MetadataClient {
    private let transport: any HTTPTransport
    private let places: Result<[String], MetadataFailure.Reason>
    private let isDisabled: Bool
    private let settings: NodeSettings.Metadata
    let time: TimeSource
    private let onWait: @Sendable (String) -> Void

    private var endpoint: String?
    private var token: Token?
    /// Whether the read before had no answer.
    private var isSilent = false

    private struct Token {
        /// `nil` where version 1 is used, without a token.
        let value: String?
        let renewAt: ContinuousClock.Instant
    }

    /// Seconds; the longest that the service allows.
    private static let tokenLifetime = 21600
    private static let attemptTimeout: Duration = .seconds(2)
    private static let tokenPatience: Duration = .seconds(8)
    private static let retry = RetryPolicy(base: .milliseconds(250), cap: .seconds(5))

    /// - Parameters:
    ///   - environment: `AWS_EC2_METADATA_SERVICE_ENDPOINT`, `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` and
    ///     `AWS_EC2_METADATA_DISABLED` count.
    ///   - onWait: Is told when the service has to be waited for.
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
        do throws(MetadataFailure.Reason) {
            self.places = .success(try Self.endpoints(environment))
        } catch {
            self.places = .failure(error)
        }
    }

    /// Reads for one purpose.
    ///
    /// - Parameters:
    ///   - patience: The time limit of all its reads, from now on; at most the settings' own time.
    ///   - trustsSilence: Whether it tries only once where the service did not answer the read before.
    package nonisolated func reader(
        within patience: Duration? = nil,
        trustsSilence: Bool = false
    ) -> MetadataReader {
        let limit = patience.map { min($0, settings.timeout) } ?? settings.timeout
        return MetadataReader(
            client: self,
            began: time.now(),
            deadline: time.now() + limit,
            trustsSilence: trustsSilence
        )
    }

    /// The meaning of a 404.
    enum Absence {
        case isAnswer
        case isWaitedOut(MetadataFailure.Reason)
    }

    /// Reads a path, and tries again what may pass.
    func read(_ path: String, absence: Absence, for reader: MetadataReader) async throws(MetadataFailure) -> String {
        guard !isDisabled else { throw reader.failure(path, .disabledHere) }
        if case .failure(let reason) = places { throw reader.failure(path, reason) }
        let limit = reader.trustsSilence && isSilent ? time.now() : reader.deadline
        let end = min(limit, CallDeadline.current ?? limit)
        do throws(MetadataFailure) {
            let value = try await retrying(Self.retry, until: end, time: time) { count in
                let outcome = await self.attempt(path, absence: absence, for: reader)
                if case .retry(let failure, _) = outcome, count == 2 { onWait("waiting: \(failure)") }
                return outcome
            }
            isSilent = false
            return value
        } catch {
            isSilent = error.isSilence
            throw error
        }
    }

    private func attempt(
        _ path: String,
        absence: Absence,
        for reader: MetadataReader
    ) async -> Attempt<String, MetadataFailure> {
        func failure(_ reason: MetadataFailure.Reason) -> MetadataFailure { reader.failure(path, reason) }
        let token: Token
        switch await currentToken() {
        case .success(let good): token = good
        case .failure(.disabledOnInstance): return .failure(failure(.disabledOnInstance))
        // A hop limit does not change by itself.
        case .failure(.noToken) where time.now() - reader.began >= Self.tokenPatience:
            return .failure(failure(.noToken))
        case .failure(let reason): return .retry(failure(reason), after: nil)
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
                case .isAnswer: return .failure(failure(.missing))
                case .isWaitedOut(let meaning): return .retry(failure(meaning), after: nil)
                }
            case 403: return .failure(failure(.disabledOnInstance))
            case 401:
                // The service has forgotten the token, as after an instance's stop and start.
                self.token = nil
                return .retry(failure(.serverError(status: 401)), after: nil)
            default: return .retry(failure(.serverError(status: response.status)), after: response.retryAfter)
            }
        } catch {
            return .retry(failure(.noRoute(error.reason)), after: nil)
        }
    }

    private var endpoints: [String] { (try? places.get()) ?? [] }

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
}
