import AWS
import HTTP
import Testing

@Suite struct AWSErrorTests {
    @Test func readsAnErrorOfELB() {
        let error = AWSError(.init(status: 400, text: Answers.error("LoadBalancerNotFound", "There is no ACTIVE 'x'")))
        #expect(error.status == 400)
        #expect(error.code == "LoadBalancerNotFound")
        #expect(error.message == "There is no ACTIVE 'x'")
        #expect(error.requestID == "f9880f01")
        #expect("\(error)" == "'LoadBalancerNotFound: There is no ACTIVE 'x'' (request f9880f01)")
    }

    @Test func readsAnErrorOfEC2() {
        let text = """
            <Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error>
            </Errors><RequestID>7a62c49f</RequestID></Response>
            """
        let error = AWSError(HTTPResponse(status: 503, text: text))
        #expect(error.code == "RequestLimitExceeded")
        #expect(error.message == "Request limit exceeded.")
        #expect(error.requestID == "7a62c49f")
        #expect(error.isThrottling)
    }

    @Test func takesWhatIsNoXMLAsItIs() {
        let error = AWSError(HTTPResponse(status: 502, text: "<html>Bad Gateway\u{1B}[31m"))
        #expect(error.code == "HTTP 502")
        #expect(error.message == #"<html>Bad Gateway\u{1B}[31m"#)
        #expect(error.isWorthRetrying)
    }

    @Test func neverKeepsTheSessionTokenOfAnEchoedRequest() {
        let echo = """
            The request signature we calculated does not match the signature you provided.

            The Canonical String for this request should have been
            'POST
            x-amz-security-token:swordfish'
            """
        for text in [echo, echo.split(separator: "\n").joined(separator: " ")] {
            let error = AWSError(status: 403, code: "SignatureDoesNotMatch", message: text)
            #expect(error.message.hasPrefix("The request signature we calculated does not match"))
            #expect(!"\(error) \(String(reflecting: error))".contains("swordfish"))
        }
    }

    @Test func cutsALongMessage() {
        let error = AWSError(status: 403, code: "UnauthorizedOperation", message: String(repeating: "x", count: 3000))
        #expect(error.message == String(repeating: "x", count: 400) + "...")
    }

    @Test(arguments: [
        "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException",
        "TooManyRequestsException", "SlowDown", "PriorRequestNotComplete", "BandwidthLimitExceeded",
        "EC2ThrottledException",
    ])
    func knowsThrottling(code: String) {
        let error = AWSError(status: 400, code: code, message: "")
        #expect(error.isThrottling)
        #expect(error.isWorthRetrying)
    }

    @Test(arguments: [
        (429, "HTTP 429", true), (500, "InternalFailure", true), (503, "ServiceUnavailable", true),
        (408, "RequestTimeout", true), (400, "ValidationError", false), (403, "AccessDenied", false),
        (400, "LoadBalancerNotFound", false),
    ])
    func knowsWhatMayPass(status: Int, code: String, expected: Bool) {
        #expect(AWSError(status: status, code: code, message: "").isWorthRetrying == expected)
    }

    @Test(arguments: ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
    func knowsARefusal(code: String) {
        #expect(AWSError(status: 403, code: code, message: "").isAccessDenied)
    }

    @Test(arguments: ["LoadBalancerNotFound", "AccessPointNotFound"])
    func knowsWhatIsNotThere(code: String) {
        #expect(AWSError(status: 400, code: code, message: "").isNotFound)
    }
}
