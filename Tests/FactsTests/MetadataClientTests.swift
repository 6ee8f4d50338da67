import Facts
import HTTP
import RelayTestSupport
import Synchronization
import Testing

@Suite struct MetadataClientTests {
    private let time = ManualTime()

    private func failure(_ client: MetadataClient, _ path: String = "instance-id") async -> MetadataFailure? {
        await failure(client.reader(), path)
    }

    private func failure(_ reader: MetadataReader, _ path: String) async -> MetadataFailure? {
        do throws(MetadataFailure) {
            _ = try await reader.required(path)
            return nil
        } catch {
            return error
        }
    }

    @Test func readsWithOneToken() async throws {
        let service = FakeMetadata(["instance-id": "i-1", "mac": "0e:00"])
        let client = MetadataClient(service, time)
        #expect(try await client.reader().required("instance-id") == "i-1")
        #expect(try await client.reader().optional("mac") == "0e:00")
        #expect(service.tokens == 1)
        #expect(time.sleeps.isEmpty)
    }

    @Test func renewsTheTokenBeforeItsEnd() async throws {
        let service = FakeMetadata(["instance-id": "i-1"])
        let client = MetadataClient(service, time)
        _ = try await client.reader().required("instance-id")
        time.advance(by: .seconds(21000))
        _ = try await client.reader().required("instance-id")
        #expect(service.tokens == 1)
        time.advance(by: .seconds(300))
        _ = try await client.reader().required("instance-id")
        #expect(service.tokens == 2)
        #expect(time.sleeps.isEmpty)
    }

    @Test func fetchesANewTokenWhereTheOldIsRefused() async throws {
        let service = FakeMetadata(["instance-id": "i-1"])
        let client = MetadataClient(service, time)
        _ = try await client.reader().required("instance-id")
        service.forgetTokens()
        #expect(try await client.reader().required("instance-id") == "i-1")
        #expect(service.tokens == 2)
    }

    @Test func takesA404AsAnAnswerWhereTheValueNeedNotBe() async throws {
        let service = FakeMetadata([:])
        #expect(try await MetadataClient(service, time).reader().optional("public-ipv4") == nil)
        #expect(service.requests.count == 2)
        #expect(time.sleeps.isEmpty)
    }

    @Test(arguments: [
        [ScriptedTransport.Step.fail(.refused), .fail(.refused)], [.text(503), .fail(.noRoute("no"))],
        [.text(401), .fail(.noRoute("no"))], [.text(200, "t"), .text(404)], [.text(200, "t"), .text(500)],
        [.text(200, "t"), .fail(.timedOut(after: .seconds(2)))], [.text(200, "t"), .text(503)],
        [.text(200, "t"), .text(401)],
    ])
    func waitsForWhatComesUpLate(trouble: [ScriptedTransport.Step]) async throws {
        // A token that was had is kept, but for one that was refused.
        let needsToken = trouble.count == 2 && !"\(trouble[0])".contains("200") || "\(trouble[1])".contains("401")
        let recovery = (needsToken ? [ScriptedTransport.Step.text(200, "t")] : []) + [.text(200, "i-1")]
        let transport = ScriptedTransport(trouble + recovery)
        #expect(try await MetadataClient(transport, time).reader().required("instance-id") == "i-1")
        #expect(time.sleeps == [.milliseconds(125)])
        #expect(transport.unused == 0)
    }

    @Test func asksTheIPv6EndpointWhereIPv4HasNoWay() async throws {
        let service = FakeMetadata(["instance-id": "i-1"], endpoint: "http://[fd00:ec2::254]")
        let client = MetadataClient(service, time)
        #expect(try await client.reader().required("instance-id") == "i-1")
        #expect(try await client.reader().required("instance-id") == "i-1")
        // The one that answered is asked from then on.
        #expect(service.requests.filter { $0.url.contains("169.254") }.count == 1)
    }

    @Test(arguments: [
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1338/"], "http://127.0.0.1:1338"),
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], "http://[fd00:ec2::254]"),
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv4"], "http://169.254.169.254"),
        (
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://[::1]", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv4"],
            "http://[::1]"
        ),
    ])
    func asksWhereTheEnvironmentSays(environment: [String: String], endpoint: String) async throws {
        let transport = ScriptedTransport([.text(200, "t"), .text(200, "i-1")])
        _ = try await MetadataClient(transport, time, environment: environment).reader().required("instance-id")
        #expect(
            transport.requests.map(\.url) == [
                "\(endpoint)/latest/api/token", "\(endpoint)/latest/meta-data/instance-id",
            ]
        )
        #expect(transport.timeouts == [.seconds(2), .seconds(2)])
    }

    @Test func asksNothingWhereItIsDisabledHere() async {
        let client = MetadataClient(ScriptedTransport(), time, environment: ["AWS_EC2_METADATA_DISABLED": "True"])
        #expect(await failure(client)?.reason == .disabledHere)
    }

    @Test(arguments: [[ScriptedTransport.Step.text(403)], [.text(200, "t"), .text(403)]])
    func failsAtOnceWhereItIsDisabledOnTheInstance(steps: [ScriptedTransport.Step]) async throws {
        let failure = try #require(await failure(MetadataClient(ScriptedTransport(steps), time)))
        #expect(failure.reason == .disabledOnInstance)
        #expect(failure.description.contains("--http-endpoint enabled"))
        #expect(time.sleeps.isEmpty)
    }

    @Test func givesUpAtTheDeadlineOffEC2() async throws {
        let transport = AnsweringTransport { _ in .fail(.noRoute("Network is unreachable")) }
        let failure = try #require(await failure(MetadataClient(transport, time)))
        #expect(failure.reason == .noRoute(.noRoute("Network is unreachable")))
        #expect(failure.description.contains("is this an EC2 instance"))
        #expect(failure.description.contains("169.254.169.254"))
        #expect(time.passed > .seconds(110) && time.passed < .seconds(120))
    }

    @Test func tellsAHopLimitFromASilentNetwork() async throws {
        let dropsTokens = AnsweringTransport { $0.method == .put ? .fail(.timedOut(after: .seconds(2))) : .text(401) }
        let failure = try #require(await failure(MetadataClient(dropsTokens, time)))
        #expect(failure.reason == .noToken)
        #expect(time.passed < .seconds(15))
        #expect(failure.description.contains("--http-put-response-hop-limit 2"))
        let dropsAll = AnsweringTransport { _ in .fail(.timedOut(after: .seconds(2))) }
        let other = try #require(await self.failure(MetadataClient(dropsAll, time)))
        #expect(other.reason == .noRoute(.timedOut(after: .seconds(2))))
    }

    @Test(arguments: [
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"], "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'ipv5'"),
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6 "], "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6 '"),
        (
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "169.254.169.254"],
            "AWS_EC2_METADATA_SERVICE_ENDPOINT: '169.254.169.254'"
        ),
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT": "ftp://x"], "AWS_EC2_METADATA_SERVICE_ENDPOINT: 'ftp://x'"),
    ])
    func aVariableThatNamesNoPlaceIsToldAtOnce(environment: [String: String], words: String) async throws {
        let client = MetadataClient(AnsweringTransport { _ in .text(200, "t") }, time, environment: environment)
        let failure = try #require(await failure(client))
        #expect(failure.description.contains(words))
        #expect(time.sleeps.isEmpty)
    }

    @Test func saysThatTheServiceFails() async throws {
        let transport = AnsweringTransport { $0.method == .put ? .text(200, "t") : .text(500) }
        #expect(await failure(MetadataClient(transport, time))?.reason == .serverError(status: 500))
        let withoutToken = AnsweringTransport { _ in .text(503) }
        #expect(await failure(MetadataClient(withoutToken, time))?.reason == .serverError(status: 503))
    }

    @Test func namesThePathThatIsMissing() async throws {
        let failure = try #require(await failure(MetadataClient(FakeMetadata([:]), time), "services/domain"))
        #expect(failure.reason == .missing)
        #expect(failure.description.hasPrefix("instance metadata, services/domain (tried for 11"))
    }

    @Test func aReaderHasOneDeadlineForAllThatItReads() async throws {
        let reader = MetadataClient(FakeMetadata([:]), time).reader()
        _ = await failure(reader, "one")
        let passed = time.passed
        _ = await failure(reader, "two")
        #expect(time.passed - passed < .seconds(10))
    }

    @Test func eachReaderHasAPatienceOfItsOwn() async throws {
        let client = MetadataClient(FakeMetadata([:]), time)
        let readers: [(Duration?, Duration)] = [(nil, .seconds(110)), (.seconds(5), .seconds(3)), (nil, .seconds(110))]
        for (patience, least) in readers {
            let passed = time.passed
            _ = await failure(client.reader(within: patience), "one")
            #expect(time.passed - passed > least && time.passed - passed < (patience ?? .seconds(120)))
        }
    }

    @Test func aSilentServiceIsNotWaitedForTwiceInAPass() async throws {
        let service = AnsweringTransport { _ in .fail(.timedOut(after: .seconds(2))) }
        let client = MetadataClient(service, time)
        _ = await failure(client.reader(within: .seconds(5)), "one")
        let passed = time.passed
        await #expect(throws: MetadataFailure.self) { _ = try await client.roleCredentials() }
        _ = await failure(client.reader(trustsSilence: true), "two")
        #expect(time.passed == passed)
    }

    @Test func aReaderWithoutPatienceTriesOnceAndIsSilent() async throws {
        let told = Mutex<[String]>([])
        let service = FakeMetadata([:])
        let client = MetadataClient(service, time) { text in told.withLock { $0.append(text) } }
        let failure = await failure(client.reader(within: .zero), "one")
        #expect(failure?.reason == .missing)
        #expect(service.requests.count == 2)
        #expect(told.withLock { $0 }.isEmpty)
    }

    @Test func tellsOnceThatItWaits() async throws {
        let told = Mutex<[String]>([])
        let reader = MetadataClient(FakeMetadata([:]), time) { text in told.withLock { $0.append(text) } }.reader()
        _ = await failure(reader, "one")
        let lines = told.withLock { $0 }
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("waiting: instance metadata, one") == true)
    }

    @Test(arguments: [
        ScriptedTransport.Step.text(403), .text(404), .text(405), .fail(.timedOut(after: .seconds(2))),
    ])
    func usesVersion1OnlyWhereItMay(token: ScriptedTransport.Step) async throws {
        let transport = AnsweringTransport { request in
            if request.method == .put { return token }
            return request.headers.isEmpty ? .text(200, "i-1") : .text(400)
        }
        let client = MetadataClient(transport, time, allowVersion1: true)
        #expect(try await client.reader().required("instance-id") == "i-1")
        #expect(await failure(MetadataClient(transport, time)) != nil)
    }

    @Test func keepsToVersion2WhereItWorks() async throws {
        let service = FakeMetadata(["instance-id": "i-1"])
        #expect(try await MetadataClient(service, time, allowVersion1: true).reader().required("instance-id") == "i-1")
        #expect(service.tokens == 1)
    }
}
