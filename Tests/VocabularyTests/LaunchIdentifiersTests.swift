import Testing
import Vocabulary

struct LaunchIdentifiersTests {
    @Test(arguments: ["a", "relay/launching_1-x", String(repeating: "x", count: 255)])
    func hooksAreTaken(name: String) throws {
        #expect(try LifecycleHookName(name).description == name)
    }

    @Test(arguments: ["", "a b", "a.b", "a\nb", "\u{E4}", String(repeating: "x", count: 256)])
    func otherTextsAreNoHooks(name: String) {
        #expect(throws: InvalidValue.self) { try LifecycleHookName(name) }
    }

    @Test(arguments: [
        "relays", "a", "Relays-2",
        "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/relays/51af3dc0-da77-11e4-872e-1234567db123",
    ])
    func stacksAreTaken(name: String) throws {
        #expect(try StackName(name).description == name)
    }

    @Test(arguments: [
        "", "1relays", "-a", "a_b", "a b", String(repeating: "x", count: 129), "arn:aws:s3:::bucket",
        "arn:aws:cloudformation:eu-central-1:1:stack/a b/1",
    ])
    func otherTextsAreNoStacks(name: String) {
        #expect(throws: InvalidValue.self) { try StackName(name) }
    }

    @Test(arguments: ["Group", "RelayGroup2", "2"])
    func logicalIDsAreTaken(name: String) throws {
        #expect(try LogicalResourceID(name).description == name)
    }

    @Test(arguments: ["", "Relay-Group", "a b", "a_b"])
    func otherTextsAreNoLogicalIDs(name: String) {
        #expect(throws: InvalidValue.self) { try LogicalResourceID(name) }
    }
}
