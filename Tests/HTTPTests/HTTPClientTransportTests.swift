import HTTP
import RelayTestSupport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTransportTests {
    /// Sends over a transport of its own, and closes it.
    private func send(
        _ request: HTTPRequest,
        timeout: Duration = .seconds(10),
        environment: [String: String] = [:]
    ) async throws -> Result<HTTPResponse, HTTPFailure> {
        let transport = try HTTPClientTransport(environment: environment)
        let result: Result<HTTPResponse, HTTPFailure>
        do throws(HTTPFailure) {
            result = .success(try await transport.send(request, timeout: timeout))
        } catch {
            result = .failure(error)
        }
        await transport.shutdown()
        return result
    }

    private func reason(_ result: Result<HTTPResponse, HTTPFailure>) -> HTTPFailure.Reason? {
        guard case .failure(let failure) = result else { return nil }
        return failure.reason
    }

    @Test func sendsARequestAndReadsTheAnswer() async throws {
        try await LoopbackServer.serving { question in
            guard question.method == "POST", question.uri == "/path?x=1", question.headers["x-test"] == "yes" else {
                return .answer(status: 400)
            }
            return .answer(status: 201, headers: [("X-Reply", "here")], body: question.body.reversed())
        } _: { server in
            let request = HTTPRequest(
                .post,
                server.url + "/path?x=1",
                headers: [HTTPHeader("X-Test", "yes")],
                body: Array("abc".utf8)
            )
            let response = try await send(request).get()
            #expect(response.status == 201)
            #expect(response["x-reply"] == "here")
            #expect(response.text == "cba")
        }
    }

    @Test func sendsAPutWithoutABody() async throws {
        try await LoopbackServer.serving { question in
            .answer(status: 200, body: Array("\(question.method) \(question.headers["content-length"] ?? "-")".utf8))
        } _: { server in
            let response = try await send(HTTPRequest(.put, server.url)).get()
            #expect(response.text == "PUT 0")
        }
    }

    @Test func takesARedirectAsTheAnswer() async throws {
        try await LoopbackServer.serving { question in
            question.uri == "/" ? .answer(status: 302, headers: [("Location", "/other")]) : .answer(status: 200)
        } _: { server in
            let response = try await send(HTTPRequest(.get, server.url)).get()
            #expect(response.status == 302)
        }
    }

    @Test func reportsARefusedConnection() async throws {
        let result = try await LoopbackServer.withRefusingPort { port in
            try await send(HTTPRequest(.get, "http://127.0.0.1:\(port)/"))
        }
        #expect(reason(result) == .refused)
    }

    @Test(arguments: [LoopbackServer.Reaction.silence, .halfAnswer])
    func endsWhatTakesTooLong(reaction: LoopbackServer.Reaction) async throws {
        try await LoopbackServer.serving({ _ in reaction }) { server in
            let limit: Duration = .milliseconds(300)
            let started = ContinuousClock.now
            let result = try await send(HTTPRequest(.get, server.url), timeout: limit)
            #expect(reason(result) == .timedOut(after: limit))
            #expect(ContinuousClock.now - started < .seconds(10))
        }
    }

    @Test func reportsAConnectionThatIsClosed() async throws {
        try await LoopbackServer.serving({ _ in .hangUp }) { server in
            let result = try await send(HTTPRequest(.get, server.url))
            #expect(reason(result) == .closed)
        }
    }

    @Test func takesAtMostOneMebibyte() async throws {
        try await LoopbackServer.serving { question in
            .answer(status: 200, body: [UInt8](repeating: 0x61, count: (1 << 20) + (question.uri == "/more" ? 1 : 0)))
        } _: { server in
            #expect(try await send(HTTPRequest(.get, server.url)).get().body.count == 1 << 20)
            let result = try await send(HTTPRequest(.get, server.url + "/more"))
            #expect(reason(result) == .other("its answer is larger than 1 MiB"))
        }
    }

    @Test func reportsANameThatDoesNotExist() async throws {
        // A label may have 63 characters: the resolver refuses this one without asking anybody.
        let name = String(repeating: "a", count: 64) + ".invalid"
        let result = try await send(HTTPRequest(.get, "http://\(name)/"))
        #expect(reason(result) == .nameNotResolved)
    }

    @Test func reportsATLSHandshakeThatFails() async throws {
        try await LoopbackServer.serving({ _ in .answer(status: 200) }) { server in
            let result = try await send(HTTPRequest(.get, "https://127.0.0.1:\(server.port)/"))
            #expect(reason(result) == .tls("WRONG_VERSION_NUMBER"))
        }
    }

    @Test(arguments: ["", "nonsense", "ftp://host/", "http://user:hunter2@host/"])
    func refusesWhatIsNoAddress(url: String) async throws {
        #expect(try await reason(send(HTTPRequest(.get, url))) == .invalidAddress)
    }

    @Test(arguments: [("http", 80), ("https", 443)])
    func asksTheProxyForAWayThere(scheme: String, port: Int) async throws {
        let asked = Mutex<[String]>([])
        try await LoopbackServer.serving { question in
            let authorization = question.headers["proxy-authorization"] ?? "-"
            asked.withLock { $0.append("\(question.method) \(question.uri) \(authorization)") }
            return .answer(status: 503)
        } _: { proxy in
            let environment = ["\(scheme)_proxy": "http://user:p%40ss@127.0.0.1:\(proxy.port)"]
            _ = try await send(HTTPRequest(.get, "\(scheme)://relay.invalid/x"), environment: environment)
        }
        // "user:p@ss" in Base64.
        #expect(asked.withLock { $0 } == ["CONNECT relay.invalid:\(port) Basic dXNlcjpwQHNz"])
    }

    @Test func keepsLoopbackAwayFromTheProxy() async throws {
        try await LoopbackServer.withRefusingPort { port in
            try await LoopbackServer.serving({ _ in .answer(status: 200) }) { server in
                let environment = ["HTTP_PROXY": "http://127.0.0.1:\(port)"]
                let response = try await send(HTTPRequest(.get, server.url), environment: environment).get()
                #expect(response.status == 200)
            }
        }
    }

    @Test(arguments: [(407, "it wants a user and a password"), (403, "its answer to CONNECT is no success")])
    func reportsAProxyThatRefuses(status: Int, why: String) async throws {
        try await LoopbackServer.serving({ _ in .answer(status: status) }) { proxy in
            let environment = ["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)"]
            let result = try await send(HTTPRequest(.get, "https://relay.invalid/"), environment: environment)
            #expect(reason(result) == .proxy(why))
        }
    }

    @Test(arguments: ["/no/such/bundle.pem", "/etc/hostname", "/dev/null"])
    func refusesACertificateBundleThatIsNone(path: String) {
        let failure = #expect(throws: TransportSettingsFailure.self) {
            _ = try HTTPClientTransport(environment: ["AWS_CA_BUNDLE": path])
        }
        #expect(failure?.variable == "AWS_CA_BUNDLE")
        #expect(failure?.reason == "'\(path)' can't be read as a file of PEM certificates")
    }
}
