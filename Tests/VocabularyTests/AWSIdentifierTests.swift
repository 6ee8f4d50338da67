import Testing
import Vocabulary

struct AWSIdentifierTests {
    @Test(arguments: ["aws", "aws-cn", "aws-us-gov"])
    func aTargetGroupsARNIsParsed(partition: String) throws {
        let path = "targetgroup/relay-25/6d0ecf831eec9f09"
        let text = "arn:\(partition):elasticloadbalancing:eu-central-1:123456789012:\(path)"
        let arn = try TargetGroupARN(text)
        #expect(arn.description == text)
        #expect(arn.name == "relay-25")
    }

    @Test(arguments: [
        "", "relay-25", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay-25",
        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/relay/6d0ecf831eec9f09",
        "arn:aws:elasticloadbalancing:eu-central-1:12345:targetgroup/relay/6d0ecf831eec9f09",
        "arn:aws:elasticloadbalancing::123456789012:targetgroup/relay/6d0ecf831eec9f09",
        "arn:aws:s3:eu-central-1:123456789012:targetgroup/relay/6d0ecf831eec9f09",
        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/re lay/6d0ecf831eec9f09",
        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay/6d0e\n",
    ])
    func whatIsNoneIsRefused(text: String) {
        #expect {
            try TargetGroupARN(text)
        } throws: { "\($0)".contains("is not a target group's ARN, such as arn:aws:elasticloadbalancing:") }
    }
}
