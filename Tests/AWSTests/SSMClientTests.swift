import AWS
import RelayTestSupport
import Testing
import Vocabulary

@Suite struct SSMClientTests {
    private func read(_ transport: ScriptedTransport) async throws -> Result<Secret, AWSFailure> {
        let client = SSMClient(try Answers.client(transport, .ssm, credentials: FixedCredentials(), time: ManualTime()))
        let name = try ParameterName("/relay/upstream-password")
        do throws(AWSFailure) {
            return .success(try await client.parameter(name))
        } catch {
            return .failure(error)
        }
    }

    @Test func aParameterIsReadDecrypted() async throws {
        let transport = ScriptedTransport([.text(200, #"{"Parameter": {"Name": "x", "Value": "hunter2\"\n"}}"#)])
        #expect(try await read(transport).get() == Secret("hunter2\"\n"))
        let request = try #require(transport.requests.first)
        #expect(request.value("X-Amz-Target") == "AmazonSSM.GetParameter")
        #expect(request.value("Content-Type") == "application/x-amz-json-1.1")
        #expect(request.value("Authorization")?.contains("x-amz-target") == true)
        #expect(request.text.contains(#""WithDecryption":true"#))
        #expect(request.text.replacing("\\/", with: "/").contains(#""Name":"/relay/upstream-password""#))
    }

    @Test(arguments: [
        (#"{"__type":"ParameterNotFound"}"#, "check mail.upstream.password_parameter"),
        (#"{"__type":"com.amazon.coral#AccessDeniedException","Message":"no"}"#, "allow ssm:GetParameter"),
    ])
    func whatIsWrongIsToldWithItsCure(body: String, words: String) async throws {
        guard case .failure(let failure) = try await read(ScriptedTransport([.text(400, body)])) else {
            Issue.record("an error is no value")
            return
        }
        #expect(failure.description.contains(words), "\(failure)")
    }

    @Test func anAnswerThatIsNoneIsNotPrinted() async throws {
        guard case .failure(let failure) = try await read(ScriptedTransport([.text(200, "{\"hunter2\": 1}")])) else {
            Issue.record("a parameter without a value is none")
            return
        }
        #expect(failure.description.contains("ssm:GetParameter got an unexpected answer"))
        #expect(!failure.description.contains("hunter2"))
    }
}
