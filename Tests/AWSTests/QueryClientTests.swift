import AWS
import HTTP
import RelayTestSupport
import Synchronization
import Testing
import Vocabulary

/// Credentials that count how often they were read and refused.
private final class CountedCredentials: CredentialSource {
    struct Missing: Error {}

    private let state = Mutex((reads: 0, refusals: 0))
    private let areMissing: Bool
    private let areFixed: Bool

    init(areMissing: Bool = false, areFixed: Bool = false) { (self.areMissing, self.areFixed) = (areMissing, areFixed) }

    var refusals: Int { state.withLock { $0.refusals } }

    func credentials() throws -> Credentials {
        if areMissing { throw Missing() }
        let number = state.withLock { state in
            state.reads += 1
            return state.refusals
        }
        return Credentials(accessKeyID: "AKIA\(number)", secretAccessKey: "s", sessionToken: nil, expiration: nil)
    }

    func invalidate() -> Bool {
        state.withLock { $0.refusals += 1 }
        return !areFixed
    }
}

@Suite struct QueryClientTests {
    private let time = ManualTime()

    /// Calls an action and says what came of it.
    private func call(
        _ transport: ScriptedTransport,
        _ parameters: [(String, String)] = [],
        credentials: any CredentialSource = FixedCredentials(),
        limits: QueryClient.Limits = .init()
    ) async throws -> Result<XMLElement, AWSFailure> {
        let client = try Answers.client(transport, credentials: credentials, limits: limits, time: time)
        do throws(AWSFailure) {
            return .success(try await client.call("Describe", parameters))
        } catch {
            return .failure(error)
        }
    }

    private func failure(_ result: Result<XMLElement, AWSFailure>) -> AWSFailure? {
        guard case .failure(let failure) = result else { return nil }
        return failure
    }

    @Test func noCallGoesOnForLongerThanTheWorkThatItIsPartOf() async throws {
        let busy = ScriptedTransport.Step.text(400, Answers.error("Throttling"))
        let transport = ScriptedTransport(Array(repeating: busy, count: 40))
        let result = try await CallDeadline.by(time.now + .seconds(4)) { try await call(transport) }
        #expect(failure(result)?.error?.isThrottling == true)
        #expect(time.passed < .seconds(4))
        // The earlier of two deadlines holds.
        let inner = await CallDeadline.by(time.now + .seconds(2)) {
            await CallDeadline.by(time.now + .seconds(60)) { CallDeadline.current }
        }
        #expect(inner == time.now + .seconds(2))
    }

    @Test func sendsASignedForm() async throws {
        let transport = ScriptedTransport([.text(200, "<Answer/>")])
        let root = try await call(transport, [("Name", "a b&c=ü"), ("Empty", "")]).get()
        #expect(root.name == "Answer")
        let request = try #require(transport.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "https://elasticloadbalancing.eu-central-1.amazonaws.com/")
        #expect(request.text == "Action=Describe&Version=2012-06-01&Name=a%20b%26c%3D%C3%BC&Empty=")
        #expect(request.value("Content-Type") == "application/x-www-form-urlencoded; charset=utf-8")
        #expect(request.value("X-Amz-Date") == "20150830T123600Z")
        #expect(request.value("X-Amz-Security-Token") == "swordfish")
        let authorization = try #require(request.value("Authorization"))
        #expect(authorization.contains("/20150830/eu-central-1/elasticloadbalancing/aws4_request, "))
        #expect(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "))
    }

    @Test(arguments: [
        ScriptedTransport.Step.text(400, Answers.error("Throttling")),
        .text(503, Answers.error("RequestLimitExceeded")),
        .text(500), .text(429), .fail(.timedOut(after: .seconds(5))), .fail(.refused), .fail(.nameNotResolved),
        .fail(.closed),
    ])
    func triesAgainWhatMayPass(step: ScriptedTransport.Step) async throws {
        let transport = ScriptedTransport([step, step, .text(200, "<Answer/>")])
        #expect(try await call(transport).get().name == "Answer")
        // Half of what full jitter allows: 500 ms, then 1 s.
        #expect(time.sleeps == [.milliseconds(250), .milliseconds(500)])
    }

    @Test(arguments: ["AccessDenied", "LoadBalancerNotFound", "ValidationError", "UnauthorizedOperation"])
    func triesNothingAgainThatCannotPass(code: String) async throws {
        let transport = ScriptedTransport([.text(400, Answers.error(code))])
        let failure = try #require(failure(try await call(transport)))
        #expect(failure.error?.code == code)
        #expect(failure.action == "elasticloadbalancing:Describe")
        #expect(time.sleeps.isEmpty)
    }

    @Test func waitsAsLongAsTheServerAsks() async throws {
        let busy = ScriptedTransport.Step.text(503, "", headers: [HTTPHeader("Retry-After", "7")])
        let transport = ScriptedTransport([busy, .text(200, "<Answer/>")])
        _ = try await call(transport).get()
        #expect(time.sleeps == [.milliseconds(7250)])
    }

    @Test func givesUpAtTheDeadline() async throws {
        let transport = ScriptedTransport([ScriptedTransport.Step](repeating: .fail(.refused), count: 50))
        let failure = try #require(failure(try await call(transport)))
        #expect(time.passed < .seconds(60))
        #expect(failure.attempts == transport.requests.count)
        #expect(failure.waited == time.passed)
        #expect(failure.description.contains("got no answer from elasticloadbalancing.eu-central-1.amazonaws.com"))
    }

    @Test func boundsEachTry() async throws {
        var limits = QueryClient.Limits()
        limits.overall = .seconds(3)
        let transport = ScriptedTransport([.text(200, "<Answer/>"), .text(200, "<Answer/>")])
        _ = try await call(transport).get()
        _ = try await call(transport, limits: limits).get()
        #expect(transport.timeouts == [.seconds(5), .seconds(3)])
    }

    @Test(arguments: [
        "RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch", "InvalidSignature", "AuthFailure",
    ])
    func takesTheServersTimeWhereItsOwnIsWrong(code: String) async throws {
        let date = HTTPHeader("Date", "Sun, 30 Aug 2015 13:36:00 GMT")
        let refusal = ScriptedTransport.Step.text(403, Answers.error(code), headers: [date])
        let transport = ScriptedTransport([refusal, .text(200, "<A/>"), .text(200, "<A/>")])
        let client = try Answers.client(transport, time: time)
        _ = try await client.call("Describe", [])
        _ = try await client.call("Describe", [])
        // The offset is remembered, and nothing had to be waited for.
        #expect(
            transport.requests.map { $0.value("X-Amz-Date") } == [
                "20150830T123600Z", "20150830T133600Z", "20150830T133600Z",
            ]
        )
        #expect(time.sleeps.isEmpty)
    }

    @Test(arguments: ["Sun, 30 Aug 2015 12:39:59 GMT", "Sun, 30 Aug 2015 12:32:01 GMT", "yesterday"])
    func doesNotBlameAClockThatIsRight(date: String) async throws {
        let refusal = ScriptedTransport.Step.text(
            403,
            Answers.error("SignatureDoesNotMatch"),
            headers: [HTTPHeader("Date", date)]
        )
        let transport = ScriptedTransport([refusal])
        #expect(try await failure(call(transport))?.error?.code == "SignatureDoesNotMatch")
    }

    @Test func correctsTheClockOnlyOnceACall() async throws {
        let steps = [13, 14, 15].map { hour in
            ScriptedTransport.Step.text(
                403,
                Answers.error("RequestTimeTooSkewed"),
                headers: [HTTPHeader("Date", "Sun, 30 Aug 2015 \(hour):36:00 GMT")]
            )
        }
        let transport = ScriptedTransport(steps)
        #expect(try await failure(call(transport))?.error?.code == "RequestTimeTooSkewed")
        #expect(transport.requests.count == 2)
    }

    @Test(arguments: [
        "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure",
        "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "InvalidSignatureException",
    ])
    func readsNewCredentialsOnceWhereTheOldAreRefused(code: String) async throws {
        let expired = ScriptedTransport.Step.text(403, Answers.error(code))
        let credentials = CountedCredentials()
        let transport = ScriptedTransport([expired, .text(200, "<Answer/>"), expired, expired])
        _ = try await call(transport, credentials: credentials).get()
        #expect(transport.requests.last?.value("Authorization")?.contains("Credential=AKIA1/") == true)
        #expect(try await failure(call(transport, credentials: credentials))?.error?.code == code)
        #expect(credentials.refusals == 2)
        #expect(time.sleeps.isEmpty)
    }

    @Test func keysThatCannotBeReadAnewAreNotTriedAgain() async throws {
        let transport = ScriptedTransport([.text(403, Answers.error("InvalidClientTokenId"))])
        let failure = try await failure(call(transport, credentials: CountedCredentials(areFixed: true)))
        #expect(failure?.error?.code == "InvalidClientTokenId")
        #expect(failure?.description.contains("check the host's clock") == true)
    }

    private func client(fips: String, _ transport: ScriptedTransport) throws -> QueryClient {
        let endpoint = ServiceEndpoint(
            .ec2,
            region: try Region("eu-central-1"),
            domain: try DomainName("amazonaws.com"),
            environment: ["AWS_USE_FIPS_ENDPOINT": fips]
        )
        return QueryClient(
            endpoint,
            credentials: FixedCredentials(),
            transport: transport,
            tally: APITally(),
            budget: RetryBudget(),
            time: time.source
        )
    }

    @Test func callsWithoutAnEndpointSayWhy() async throws {
        let client = try client(fips: "yes", ScriptedTransport())
        await #expect {
            try await client.call("DescribeTags", [])
        } throws: { error in
            "\(error)" == """
                ec2:DescribeTags can't be called: environment AWS_USE_FIPS_ENDPOINT: 'yes' is neither true nor false; set one \
                of them
                """
        }
    }

    @Test func aHostThatAVariableChoseIsNamedWithTheVariable() async throws {
        let unresolved = ScriptedTransport(Array(repeating: .fail(.nameNotResolved), count: 50))
        let client = try client(fips: "true", unresolved)
        await #expect {
            try await client.call("DescribeTags", [])
        } throws: { error in
            "\(error)".contains("ec2-fips.eu-central-1.amazonaws.com")
                && "\(error)".contains("AWS_USE_FIPS_ENDPOINT chose this endpoint, and AWS does not have it for every")
        }
    }

    // Retries of all calls

    private static let busy = ScriptedTransport.Step.text(400, Answers.error("Throttling"))

    @Test func callsShareOneBudgetOfRetries() async throws {
        let transport = ScriptedTransport(Array(repeating: Self.busy, count: 1000))
        let budget = RetryBudget()
        let clients = try [ServiceEndpoint.Service.ec2, .elasticLoadBalancing, .ssm].map {
            try Answers.client(transport, $0, budget: budget, time: time)
        }
        var last: AWSFailure?
        for index in 0..<30 {
            do throws(AWSFailure) { _ = try await clients[index % 3].call("Describe", []) } catch { last = error }
        }
        // 100 retries at the start, and two a minute since.
        let since = Int(time.passed / .seconds(30))
        #expect((130...(131 + since)).contains(transport.requests.count), "\(transport.requests.count) since \(since)")
        #expect(last?.description.contains("no retries left") == true)
    }

    @Test func theProcessesOfANodeShareOneBudget() async throws {
        let store = SharedTokens()
        let transport = ScriptedTransport(Array(repeating: Self.busy, count: 1000))
        // Each call is a process of its own, such as a timer's pass.
        for _ in 0..<30 {
            let client = try Answers.client(transport, budget: RetryBudget(store: store), time: time)
            _ = try? await client.call("Describe", [])
        }
        let since = Int(time.passed / .seconds(30))
        #expect((130...(131 + since)).contains(transport.requests.count), "\(transport.requests.count) since \(since)")
    }

    private final class SharedTokens: RetryTokenStore {
        private let kept = Mutex<RetryTokens?>(nil)

        func tokens() -> RetryTokens? { kept.withLock { $0 } }

        func keep(_ tokens: RetryTokens) { kept.withLock { $0 = tokens } }
    }

    @Test func aClockThatIsPutBackGivesNoRetries() {
        let budget = RetryBudget(tokens: 10)
        #expect(budget.take(5, at: 1_800_000_000))
        #expect(budget.take(5, at: 1_700_000_000))
        #expect(!budget.take(5, at: 1_700_000_006))
        #expect(budget.take(5, at: 1_700_000_036))
    }

    @Test func aSuccessGivesBackWhatItsRetryTook() async throws {
        let budget = RetryBudget(tokens: 5)
        let steps = (0..<20).flatMap { _ in [Self.busy, .text(200, "<A/>")] }
        let client = try Answers.client(ScriptedTransport(steps), budget: budget, time: time)
        for _ in 0..<20 { _ = try await client.call("Describe", []) }
    }

    @Test func aPassThatComesAgainSoonTriesThreeTimes() async throws {
        for step in [Self.busy, .text(503), .fail(.refused)] {
            let transport = ScriptedTransport(Array(repeating: step, count: 40))
            let result = try await CallPatience.limited(to: CallPatience.short) { try await call(transport) }
            #expect(failure(result)?.attempts == 3)
        }
    }

    @Test func workWithADeadlineTriesUntilThen() async throws {
        let transport = ScriptedTransport(Array(repeating: Self.busy, count: 400))
        let client = try Answers.client(transport, budget: RetryBudget(tokens: 0), time: time)
        await CallPatience.limited(to: CallPatience.short) {
            await CallDeadline.by(time.now + .seconds(30)) { _ = try? await client.call("Describe", []) }
        }
        #expect(transport.requests.count > 5)
        #expect(time.passed > .seconds(15))
    }

    @Test func failsAtOnceWithoutCredentials() async throws {
        let failure = try #require(
            failure(try await call(ScriptedTransport(), credentials: CountedCredentials(areMissing: true)))
        )
        guard case .credentials(let error) = failure.reason else {
            Issue.record("not a failure of credentials: \(failure)")
            return
        }
        #expect(error is CountedCredentials.Missing)
        #expect(time.sleeps.isEmpty)
    }

    @Test func failsAtOnceWithoutAnAddress() async throws {
        let failure = try #require(failure(try await call(ScriptedTransport([.fail(.invalidAddress)]))))
        #expect(failure.description.contains("check AWS_ENDPOINT_URL"))
    }

    @Test func saysWhereAnAnswerIsNoXML() async throws {
        let failure = try #require(failure(try await call(ScriptedTransport([.text(200, "<html><br></html>")]))))
        #expect(failure.description.contains("line 1: mismatched tag"))
    }

    @Test func countsEveryTryAndEveryThrottle() async throws {
        let busy = ScriptedTransport.Step.text(400, Answers.error("Throttling"))
        let expired = ScriptedTransport.Step.text(403, Answers.error("ExpiredToken"))
        let transport = ScriptedTransport([busy, .fail(.refused), expired, busy, .text(200, "<Answer/>")])
        let tally = APITally()
        let client = try Answers.client(transport, credentials: CountedCredentials(), tally: tally, time: time)
        _ = try await client.call("Describe", [])
        #expect(tally.take() == APITally.Counts(calls: 5, throttles: 2))
        #expect(tally.take() == APITally.Counts())
    }

    @Test func keepsSecretsOutOfFailures() async throws {
        let steps: [ScriptedTransport.Step] = [.text(403, Answers.error("AccessDenied")), .fail(.invalidAddress)]
        for step in steps {
            let failure = try #require(failure(try await call(ScriptedTransport([step]))))
            for text in ["\(failure)", String(reflecting: failure)] {
                #expect(!text.contains("hunter2") && !text.contains("swordfish"))
            }
        }
    }
}
