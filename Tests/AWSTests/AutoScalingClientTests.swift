import AWS
import HTTP
import RelayTestSupport
import Testing
import Vocabulary

@Suite struct AutoScalingClientTests {
    private let instance: InstanceID
    private let action: LifecycleAction

    init() throws {
        instance = try InstanceID("i-0123456789abcdef0")
        action = LifecycleAction(hook: try LifecycleHookName("relay/leaving"), group: "smtp relay", instance: instance)
    }

    private func client(_ transport: ScriptedTransport) throws -> AutoScalingClient {
        AutoScalingClient(try Answers.client(transport, .autoScaling))
    }

    private static func instances(_ members: String) -> String {
        """
        <DescribeAutoScalingInstancesResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">
        <DescribeAutoScalingInstancesResult><AutoScalingInstances>\(members)</AutoScalingInstances>
        </DescribeAutoScalingInstancesResult></DescribeAutoScalingInstancesResponse>
        """
    }

    @Test func describesTheInstance() async throws {
        let member = """
            <member><InstanceId>i-0123456789abcdef0</InstanceId><AutoScalingGroupName>smtp relay</AutoScalingGroupName>
            <LifecycleState>Pending:Wait</LifecycleState></member>
            """
        let transport = ScriptedTransport([.text(200, Self.instances(member))])
        let found = try await client(transport).describe(instance)
        #expect(found == AutoScalingInstance(group: "smtp relay", lifecycleState: "Pending:Wait"))
        #expect(transport.requests.first?.url == "https://autoscaling.eu-central-1.amazonaws.com/")
        #expect(
            transport.requests.first?.text == """
                Action=DescribeAutoScalingInstances&Version=2011-01-01&InstanceIds.member.1=i-0123456789abcdef0
                """
        )
    }

    @Test(arguments: [instances(""), instances("<member><InstanceId>i-aaaaaaaa</InstanceId></member>")])
    func takesAnInstanceThatIsNotListedAsInNoGroup(answer: String) async throws {
        #expect(try await client(ScriptedTransport([.text(200, answer)])).describe(instance) == nil)
    }

    @Test func refusesAnInstanceWithoutAState() async throws {
        let member = "<member><InstanceId>i-0123456789abcdef0</InstanceId></member>"
        let client = try client(ScriptedTransport([.text(200, Self.instances(member))]))
        let failure = await #expect(throws: AWSFailure.self) { try await client.describe(instance) }
        #expect(failure?.action == "autoscaling:DescribeAutoScalingInstances")
    }

    @Test func completesAndKeepsAliveByTheInstancesId() async throws {
        let transport = ScriptedTransport([.text(200, "<A/>"), .text(200, "<A/>"), .text(200, "<A/>")])
        let client = try client(transport)
        try await client.recordHeartbeat(action)
        #expect(try await client.complete(action, .proceed))
        #expect(try await client.complete(action, .abandon))
        let rest = """
            &Version=2011-01-01&AutoScalingGroupName=smtp%20relay&LifecycleHookName=relay%2Fleaving\
            &InstanceId=i-0123456789abcdef0
            """
        #expect(
            transport.requests.map(\.text) == [
                "Action=RecordLifecycleActionHeartbeat\(rest)",
                "Action=CompleteLifecycleAction\(rest)&LifecycleActionResult=CONTINUE",
                "Action=CompleteLifecycleAction\(rest)&LifecycleActionResult=ABANDON",
            ]
        )
    }

    @Test func anActionThatDoesNotWaitIsNoError() async throws {
        let message = "No active Lifecycle Action found with instance ID i-0123456789abcdef0"
        let refusal = ScriptedTransport.Step.text(400, Answers.error("ValidationError", message))
        let client = try client(ScriptedTransport([refusal, refusal]))
        try await client.recordHeartbeat(action)
        #expect(try await !client.complete(action, .proceed))
    }

    @Test(arguments: [
        (400, Answers.error("ValidationError", "AutoScalingGroup name not found")),
        (403, Answers.error("AccessDenied")),
    ])
    func anotherErrorIsOne(status: Int, answer: String) async throws {
        let step = ScriptedTransport.Step.text(status, answer)
        let client = try client(ScriptedTransport([step, step]))
        await #expect(throws: AWSFailure.self) { try await client.recordHeartbeat(action) }
        await #expect(throws: AWSFailure.self) { try await client.complete(action, .proceed) }
    }

    @Test(arguments: [
        ("Pending", LifecycleWait.coming), ("Pending:Wait", .waiting), ("Pending:Proceed", .over), ("InService", .over),
        ("Warmed:Pending:Wait", .waiting), ("Warmed:Running", .over), ("Terminating:Wait", .over), ("Standby", .over),
    ])
    func aLaunchWaits(state: String, wait: LifecycleWait) {
        #expect(AutoScalingInstance(group: "g", lifecycleState: state).wait(of: .launch) == wait)
    }

    @Test(arguments: [
        ("InService", LifecycleWait.coming), ("Terminating", .coming), ("Terminating:Wait", .waiting),
        ("Terminating:Proceed", .over), ("Terminating:Retained", .over), ("Terminated", .over),
        ("Warmed:Terminating:Wait", .waiting), ("Warmed:Terminated", .over), ("Standby", .coming),
    ])
    func aTerminationWaits(state: String, wait: LifecycleWait) {
        #expect(AutoScalingInstance(group: "g", lifecycleState: state).wait(of: .termination) == wait)
    }
}
