import AWS
import HTTP
import RelayTestSupport
import Testing
import Vocabulary

struct S3ClientTests {
    private func fleet(
        _ transport: ScriptedTransport,
        region: String = "eu-central-1",
        domain: String = "amazonaws.com",
        _ environment: [String: String] = [:]
    ) throws -> FleetClient {
        let region = try Region(region)
        func endpoint(_ service: ServiceEndpoint.Service) throws -> ServiceEndpoint {
            ServiceEndpoint(service, region: region, domain: try DomainName(domain), environment: environment)
        }
        func client(_ service: ServiceEndpoint.Service) throws -> QueryClient {
            let time = ManualTime().source
            return QueryClient(
                try endpoint(service),
                credentials: FixedCredentials(),
                transport: transport,
                tally: APITally(),
                budget: RetryBudget(),
                time: time
            )
        }
        return FleetClient(ssm: SSMClient(try client(.ssm)), s3: S3Client(try client(.s3), endpoint: try endpoint(.s3)))
    }

    @Test func aFIPSEndpointIsAskedWhereOneIsWanted() async throws {
        let transport = ScriptedTransport([.text(200, "x = 1\n")])
        let place = try FleetPlace("s3://relays/a")
        let environment = ["AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"]
        _ = try await fleet(transport, environment).document(at: place)
        #expect(transport.requests.first?.url == "https://relays.s3-fips.dualstack.eu-central-1.amazonaws.com/a")
        let china = try fleet(ScriptedTransport(), region: "cn-north-1", domain: "amazonaws.com.cn", environment)
        let words = "s3:GetObject can't be called: environment AWS_USE_FIPS_ENDPOINT: S3 has no FIPS"
        await #expect {
            try await china.document(at: place)
        } throws: { "\($0)".contains(words) }
    }

    @Test(arguments: [
        ("s3://relays/config", "eu-central-1", "amazonaws.com", "https://relays.s3.eu-central-1.amazonaws.com/config"),
        ("s3://relays/a/b", "cn-north-1", "amazonaws.com.cn", "https://relays.s3.cn-north-1.amazonaws.com.cn/a/b"),
        ("s3://relays/a", "us-iso-east-1", "c2s.ic.gov", "https://relays.s3.us-iso-east-1.c2s.ic.gov/a"),
        // A certificate holds for one label.
        ("s3://my.relays/a", "eu-central-1", "amazonaws.com", "https://s3.eu-central-1.amazonaws.com/my.relays/a"),
    ])
    func anObjectsAddressFollowsItsBucketRegionAndPartition(place: String, region: String, domain: String, url: String)
        async throws
    {
        let transport = ScriptedTransport([.text(200, "x = 1\n", headers: [HTTPHeader("ETag", "\"0123abcd\"")])])
        let document = try await fleet(transport, region: region, domain: domain).document(at: FleetPlace(place))
        #expect(document == FleetDocument(place: try FleetPlace(place), version: "0123abcd", text: "x = 1\n"))
        let request = try #require(transport.requests.first)
        #expect(request.method == .get && request.url == url)
        // S3 wants the body's digest as a signed header (Signature Version 4, "Authenticating Requests").
        #expect(
            request.value("X-Amz-Content-SHA256") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
        let proof = request.value("Authorization") ?? ""
        #expect(proof.contains("/\(region)/s3/aws4_request") && proof.contains("x-amz-content-sha256"))
    }

    @Test func aPlaceThatAVariableNamesHasTheBucketInThePath() async throws {
        let transport = ScriptedTransport([.text(200, "")])
        let environment = ["AWS_ENDPOINT_URL_S3": "https://s3.lab.internal"]
        _ = try await fleet(transport, environment).document(at: FleetPlace("s3://relays/a"))
        #expect(transport.requests.first?.url == "https://s3.lab.internal/relays/a")
    }

    @Test(arguments: [
        (403, "AccessDenied", "allow s3:GetObject"), (404, "NoSuchKey", "there is no such object"),
        (404, "NoSuchBucket", "there is no such object"), (301, "PermanentRedirect", "another region"),
    ])
    func whatIsWrongIsToldWithItsCure(status: Int, code: String, words: String) async throws {
        let body = "<Error><Code>\(code)</Code><Message>no</Message><RequestId>7</RequestId></Error>"
        let transport = ScriptedTransport([.text(status, body)])
        let failure = await #expect(throws: AWSFailure.self) {
            _ = try await fleet(transport).document(at: FleetPlace("s3://relays/a"))
        }
        #expect(failure?.description.contains(words) == true, "\(String(describing: failure))")
        #expect(failure?.action == "s3:GetObject")
    }

    @Test func aKeyThatMayNotBeUsedIsNamed() async throws {
        let message = "User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-central-1:1:key/7"
        let body = "<Error><Code>AccessDenied</Code><Message>\(message)</Message></Error>"
        let failure = await #expect(throws: AWSFailure.self) {
            _ = try await fleet(ScriptedTransport([.text(403, body)])).document(at: FleetPlace("s3://relays/a"))
        }
        #expect(failure?.description.contains("allow kms:Decrypt") == true)
    }

    @Test func whatIsNoTextIsRefused() async throws {
        let transport = ScriptedTransport([.answer(HTTPResponse(status: 200, body: [0xFF]))])
        let failure = await #expect(throws: AWSFailure.self) {
            _ = try await fleet(transport).document(at: FleetPlace("s3://relays/a"))
        }
        #expect(failure?.description.contains("no text in UTF-8") == true)
    }

    @Test func aParametersVersionIsItsNumber() async throws {
        let transport = ScriptedTransport([.text(200, #"{"Parameter": {"Value": "x = 1\n", "Version": 4}}"#)])
        let document = try await fleet(transport).document(at: FleetPlace("ssm:/smtp-relay/config"))
        #expect((document.place, document.version, document.text) == ("ssm:/smtp-relay/config", "4", "x = 1\n"))
        #expect(transport.requests.first?.text.contains(#""WithDecryption":true"#) == true)
    }
}
