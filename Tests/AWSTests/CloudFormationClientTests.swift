import AWS
import HTTP
import RelayTestSupport
import Testing
import Vocabulary

@Suite struct CloudFormationClientTests {
    private let instance: InstanceID
    private let resource: NodeSettings.StackResource

    init() throws {
        instance = try InstanceID("i-0123456789abcdef0")
        resource = .init(stack: try StackName("relays"), resource: try LogicalResourceID("Group"))
    }

    private func client(_ steps: [ScriptedTransport.Step]) throws -> (CloudFormationClient, ScriptedTransport) {
        let transport = ScriptedTransport(steps)
        return (CloudFormationClient(try Answers.client(transport, .cloudFormation)), transport)
    }

    @Test(arguments: [(ResourceSignal.success, "SUCCESS"), (.failure, "FAILURE")])
    func signalsWithTheInstancesIdAsTheUniqueOne(signal: ResourceSignal, status: String) async throws {
        let (client, transport) = try client([.text(200, "<SignalResourceResponse/>")])
        #expect(try await client.signal(resource, signal, from: instance))
        #expect(transport.requests.first?.url == "https://cloudformation.eu-central-1.amazonaws.com/")
        #expect(
            transport.requests.first?.text == """
                Action=SignalResource&Version=2010-05-15&StackName=relays&LogicalResourceId=Group\
                &UniqueId=i-0123456789abcdef0&Status=\(status)
                """
        )
    }

    @Test func aStackThatIsCompleteIsNoError() async throws {
        let message =
            "Stack arn:aws:cloudformation:eu-central-1:1:stack/relays/1 is in CREATE_COMPLETE state and cannot be signaled"
        let (client, _) = try client([.text(400, Answers.error("ValidationError", message))])
        #expect(try await !client.signal(resource, .success, from: instance))
    }

    @Test(arguments: [
        (400, Answers.error("ValidationError", "Stack relays does not exist")), (403, Answers.error("AccessDenied")),
    ])
    func anotherErrorIsOne(status: Int, answer: String) async throws {
        let (client, _) = try client([.text(status, answer)])
        await #expect(throws: AWSFailure.self) { try await client.signal(resource, .success, from: instance) }
    }
}
