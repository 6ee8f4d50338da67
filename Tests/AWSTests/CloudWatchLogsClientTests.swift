import AWS
import HTTP
import RelayTestSupport
import Testing
import Vocabulary

@Suite struct CloudWatchLogsClientTests {
    private let now = 1_440_938_160_000

    private func put(_ transport: ScriptedTransport, count: Int = 2) async throws -> Result<Int, AWSFailure> {
        let limits = QueryClient.Limits()
        let client = CloudWatchLogsClient(try Answers.client(transport, .cloudWatchLogs, limits: limits))
        let events = (0..<count).map { LogEvent(time: now + $0, message: #"{"event":"sent"}"#) }
        let batch = try #require(LogEventBatch.batches(of: events, now: now).batches.first)
        let group = try LogGroupName("/relay/mail")
        return await CallPatience.limited(to: 1) {
            do throws(AWSFailure) {
                return .success(try await client.put(batch, to: "i-0123456789abcdef0", of: group))
            } catch {
                return .failure(error)
            }
        }
    }

    private static func error(_ code: String, _ message: String = "Why.") -> ScriptedTransport.Step {
        .text(400, #"{"__type":"\#(code)","message":"\#(message)"}"#)
    }

    private func actions(_ transport: ScriptedTransport) -> [String] {
        transport.requests.compactMap { $0.value("X-Amz-Target") }
    }

    @Test func eventsAreWritten() async throws {
        let transport = ScriptedTransport([.text(200, "{}")])
        #expect(try await put(transport).get() == 0)
        let request = try #require(transport.requests.first)
        #expect(request.url == "https://logs.eu-central-1.amazonaws.com/")
        #expect(request.value("X-Amz-Target") == "Logs_20140328.PutLogEvents")
        let text = request.text.replacing("\\/", with: "/")
        #expect(text.contains(#""logGroupName":"/relay/mail""#) && text.contains("i-0123456789abcdef0"))
        #expect(text.contains(#""timestamp":1440938160000"#) && text.contains(#"{\"event\":\"sent\"}"#))
    }

    @Test(arguments: [.text(200), Self.error("ResourceAlreadyExistsException")])
    func aMissingStreamIsMade(creation: ScriptedTransport.Step) async throws {
        let missing = Self.error("ResourceNotFoundException", "The specified log stream does not exist.")
        let transport = ScriptedTransport([missing, creation, .text(200, "{}")])
        #expect(try await put(transport).get() == 0)
        #expect(
            actions(transport) == ["PutLogEvents", "CreateLogStream", "PutLogEvents"].map { "Logs_20140328.\($0)" }
        )
    }

    @Test func aMissingGroupIsNamedWithTheCure() async throws {
        let missing = Self.error("ResourceNotFoundException", "The specified log group does not exist.")
        guard case .failure(let failure) = try await put(ScriptedTransport([missing, missing])) else {
            Issue.record("there is no group")
            return
        }
        #expect(failure.description.hasPrefix("logs:CreateLogStream was answered 'ResourceNotFoundException"))
        #expect(failure.description.contains("check cloudwatch.logs: there is no log group '/relay/mail'"))
    }

    @Test(
        arguments: [
            (Self.error("AccessDeniedException"), "allow logs:PutLogEvents"),
            (Self.error("ThrottlingException", "Rate exceeded"), "API limit is used up; it is tried again later"),
            (.text(500, "oops"), "the service is at fault; it is tried again later"),
            (.fail(.refused), "logs:PutLogEvents got no answer"),
        ] as [(ScriptedTransport.Step, String)]
    )
    func whatIsWrongIsToldWithItsCure(step: ScriptedTransport.Step, words: String) async throws {
        guard case .failure(let failure) = try await put(ScriptedTransport([step])) else {
            Issue.record("an error is no success")
            return
        }
        #expect(failure.description.contains(words), "\(failure)")
    }

    @Test(arguments: [
        (#"{"tooOldLogEventEndIndex":2}"#, 2), (#"{"tooNewLogEventStartIndex":4}"#, 1),
        (#"{"tooOldLogEventEndIndex":1,"expiredLogEventEndIndex":2,"tooNewLogEventStartIndex":4}"#, 3), ("{}", 0),
        (#"{"tooOldLogEventEndIndex":99}"#, 5),
    ])
    func refusedEventsAreCounted(rejected: String, count: Int) async throws {
        let transport = ScriptedTransport([.text(200, #"{"rejectedLogEventsInfo":\#(rejected)}"#)])
        #expect(try await put(transport, count: 5).get() == count)
    }

    @Test func eventsThatHadArrivedAreNotSentAgain() async throws {
        #expect(try await put(ScriptedTransport([Self.error("DataAlreadyAcceptedException")])).get() == 0)
    }

    private func find(_ transport: ScriptedTransport, limit: Int = 10) async throws -> (
        events: [FoundLogEvent], areAll: Bool
    ) {
        let client = CloudWatchLogsClient(try Answers.client(transport, .cloudWatchLogs))
        return try await client.events(
            of: LogGroupName("/relay/mail"),
            fitting: #"{ $.queue_id = "3F2A1B00C4" }"#,
            since: now,
            limit: limit
        )
    }

    private static func page(_ times: [Int], next: String?) -> ScriptedTransport.Step {
        let events = times.map { #"{"timestamp":\#($0),"message":"m\#($0)","logStreamName":"i-1","eventId":"x"}"# }
        let token = next.map { #","nextToken":"\#($0)""# } ?? ""
        return .text(200, #"{"events":[\#(events.joined(separator: ","))]\#(token)}"#)
    }

    @Test func eventsAreFoundOverPagesAlsoOverEmptyOnes() async throws {
        let transport = ScriptedTransport([
            Self.page([3], next: "a"), Self.page([], next: "b"), Self.page([1, 2], next: nil),
        ])
        let found = try await find(transport)
        #expect(found.events.map(\.message) == ["m1", "m2", "m3"] && found.areAll)
        #expect(found.events.first?.stream == "i-1")
        #expect(transport.requests.map { $0.text.contains("nextToken") } == [false, true, true])
        #expect(transport.requests[2].text.contains(#""nextToken":"b""#))
        #expect(transport.requests[0].text.contains(#""startTime":1440938160000"#))
    }

    @Test func readingEndsAtTheLimit() async throws {
        let found = try await find(ScriptedTransport([Self.page([1, 2], next: "a")]), limit: 2)
        #expect(found.events.count == 2 && !found.areAll)
    }

    @Test func aRefusalToReadNamesTheAction() async throws {
        let transport = ScriptedTransport([Self.error("AccessDeniedException")])
        do {
            _ = try await find(transport)
            Issue.record("a refusal is an error")
        } catch let failure as AWSFailure {
            #expect(failure.description.contains("allow logs:FilterLogEvents"))
        }
    }
}
