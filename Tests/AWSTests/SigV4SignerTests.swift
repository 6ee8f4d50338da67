import AWS
import HTTP
import Testing

@Suite struct SigV4SignerTests {
    /// 2015-08-30T12:36:00Z.
    private static let moment: Double = 1_440_938_160

    @Test(arguments: SignatureVector.suite)
    func agreesWithTheTestSuite(vector: SignatureVector) {
        let credentials = Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            sessionToken: vector.sessionToken,
            expiration: nil
        )
        let signer = SigV4Signer(credentials: credentials, region: "us-east-1", service: "service")
        let request = HTTPRequest(
            vector.method,
            "https://example.amazonaws.com\(vector.path)",
            headers: vector.headers,
            body: Array(vector.body.utf8)
        )
        let steps = signer.steps(request, at: Self.moment)
        let scope = "20150830/us-east-1/service/aws4_request"
        let expected = "AWS4-HMAC-SHA256\n20150830T123600Z\n\(scope)\n\(vector.canonicalRequestHash)"
        #expect(steps.stringToSign == expected, "\(steps.canonicalRequest)")
        #expect(steps.signature == vector.signature)
        #expect(
            steps.request.value("Authorization") == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\(scope), "
                + "SignedHeaders=\(vector.signedHeaders), Signature=\(vector.signature)"
        )
    }

    @Test(arguments: BotocoreSignature.table)
    func agreesWithBotocore(expected: BotocoreSignature) {
        let credentials = Credentials(
            accessKeyID: BotocoreSignature.accessKeyID,
            secretAccessKey: BotocoreSignature.secretAccessKey,
            sessionToken: expected.sessionToken,
            expiration: nil
        )
        let signer = SigV4Signer(credentials: credentials, region: expected.region, service: expected.service)
        let request = HTTPRequest(
            expected.method,
            expected.url,
            headers: expected.headers,
            body: Array(expected.body.utf8)
        )
        let steps = signer.steps(request, at: expected.seconds)
        #expect(steps.request.value("Authorization") == expected.authorization, "\(steps.canonicalRequest)")
    }

    @Test func signsASignedRequestAnew() {
        let credentials = Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "secret",
            sessionToken: "token",
            expiration: nil
        )
        let signer = SigV4Signer(credentials: credentials, region: "us-east-1", service: "service")
        let request = HTTPRequest(.get, "https://example.amazonaws.com/")
        let late = signer.sign(request, at: Self.moment + 3600)
        #expect(signer.sign(late, at: Self.moment) == signer.sign(request, at: Self.moment))
    }

    @Test func writesACanonicalRequest() {
        let credentials = Credentials(accessKeyID: "A", secretAccessKey: "S", sessionToken: nil, expiration: nil)
        let signer = SigV4Signer(credentials: credentials, region: "us-east-1", service: "service")
        let request = HTTPRequest(.get, "https://example.com/a/?b=ü&a=1", headers: [HTTPHeader("X-T", " x   y ")])
        #expect(
            signer.steps(request, at: Self.moment).canonicalRequest == """
                GET
                /a/
                a=1&b=%C3%BC
                host:example.com
                x-amz-date:20150830T123600Z
                x-t:x y

                host;x-amz-date;x-t
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                """
        )
    }
}

extension HTTPRequest {
    /// The first header of that name.
    func value(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
