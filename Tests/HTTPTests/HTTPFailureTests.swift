import HTTP
import Testing

@Suite struct HTTPFailureTests {
    private static let url = "https://ec2.eu-central-1.amazonaws.com/"

    @Test(arguments: [
        (HTTPFailure.Reason.noRoute("Network is unreachable"), "no route there (Network is unreachable)"),
        (.refused, "connection refused: nothing listens there"),
        (.nameNotResolved, "check /etc/resolv.conf"),
        (.timedOut(after: .seconds(5)), "no answer within 5.0 seconds"),
        (.tls("CERTIFICATE_VERIFY_FAILED"), "check the host's clock, its CA bundle (package ca-certificates)"),
        (.proxy("it wants a user and a password"), "check HTTPS_PROXY and NO_PROXY"),
        (.closed, "the connection was closed"),
        (.invalidAddress, "check AWS_ENDPOINT_URL"),
    ])
    func saysWhatHappenedWhereAndWhatToDo(reason: HTTPFailure.Reason, expected: String) {
        let text = HTTPFailure(url: Self.url, reason: reason).description
        #expect(text.hasPrefix(Self.url))
        #expect(text.contains(expected))
    }

    @Test func namesTheHost() {
        #expect(HTTPFailure(url: Self.url, reason: .refused).host == "ec2.eu-central-1.amazonaws.com")
    }
}
