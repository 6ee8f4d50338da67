import AWS
import HTTP
import Testing

@Suite struct AWSFailureTests {
    private func text(_ code: String, status: Int = 400) -> String {
        let error = AWSError(status: status, code: code, message: "Why.", requestID: "f9880f01")
        return AWSFailure(action: "ec2:DescribeTags", reason: .answered(error)).description
    }

    @Test func namesTheActionToAllow() {
        #expect(
            text("UnauthorizedOperation", status: 403) == """
                ec2:DescribeTags was answered 'UnauthorizedOperation: Why.' (request f9880f01); allow ec2:DescribeTags in the \
                policy of the instance's role
                """
        )
    }

    @Test(arguments: [
        ("LoadBalancerNotFound", "check load_balancer.classic"), ("AccessPointNotFound", "check load_balancer.classic"),
        ("Throttling", "the next pass tries again"), ("AuthFailure", "check the host's clock"),
        ("ExpiredToken", "check the host's clock"), ("OptInRequired", "not subscribed"),
        ("ValidationError", "see the service's API reference"),
    ])
    func saysWhatToDo(code: String, expected: String) {
        #expect(text(code).contains(expected))
    }

    @Test func saysWhoseFaultAServersErrorIs() {
        #expect(text("InternalFailure", status: 500).hasSuffix("the service is at fault; the next pass tries again"))
    }

    @Test func saysWhichHostWasAskedHowOften() {
        let failure = AWSFailure(
            action: "ec2:DescribeTags",
            reason: .unreachable(
                HTTPFailure(url: "https://ec2.eu-central-1.amazonaws.com/", reason: .timedOut(after: .seconds(5)))
            ),
            attempts: 9,
            waited: .seconds(58)
        )
        #expect(
            failure.description == """
                ec2:DescribeTags got no answer from ec2.eu-central-1.amazonaws.com (9 tries in 58 s): no answer within 5.0 \
                seconds; check the route there (NAT gateway or VPC endpoint), the security groups on the way, and DNS
                """
        )
    }

    @Test func saysWhyThereAreNoCredentials() {
        struct NoRole: Error, CustomStringConvertible { let description = "this instance has no role" }
        let failure = AWSFailure(action: "ec2:DescribeTags", reason: .credentials(NoRole()))
        let expected = "ec2:DescribeTags can't be called without credentials: this instance has no role"
        #expect(failure.description == expected)
        #expect(failure.error == nil)
    }

    @Test func showsTheUnexpectedOnOneLine() {
        let failure = AWSFailure(action: "ec2:DescribeTags", reason: .unreadable("line 1:\nno XML"))
        let expected = #"ec2:DescribeTags got an unexpected answer (line 1:\nno XML)"#
        #expect(failure.description.hasPrefix(expected))
    }
}
