import AWS
import Facts
import RelayTestSupport
import Testing

@Suite struct RoleCredentialsTests {
    private static let folder = "iam/security-credentials/"
    private let time = ManualTime()

    private func failure(_ values: [String: String]) async -> MetadataFailure? {
        do {
            _ = try await MetadataClient(FakeMetadata(values), time).roleCredentials()
            return nil
        } catch {
            return error as? MetadataFailure
        }
    }

    @Test func readsTheRolesKeys() async throws {
        let document = """
            {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIA1", "SecretAccessKey": "hunter2",
             "Token": "swordfish", "Expiration": "2015-08-30T12:36:00Z", "LastUpdated": "2015-08-30T06:36:00Z"}
            """
        let service = FakeMetadata([Self.folder: "relay-role\n", "\(Self.folder)relay-role": document])
        let credentials = try await MetadataClient(service, time).roleCredentials()
        let expected = Credentials(
            accessKeyID: "ASIA1",
            secretAccessKey: "hunter2",
            sessionToken: "swordfish",
            expiration: 1_440_938_160
        )
        #expect(credentials == expected)
    }

    @Test(arguments: [[:], [folder: ""], [folder: "relay-role"]])
    func saysWhereThereIsNoRole(values: [String: String]) async throws {
        let failure = try #require(await failure(values))
        #expect(failure.reason == .noRole)
        #expect(failure.description.contains("attach an instance profile"))
        // A role that comes late is waited for, but not as long as metadata itself.
        #expect(time.passed < .seconds(11))
    }

    @Test(arguments: [
        ("no JSON, but hunter2", "not the JSON that was expected"),
        (#"{"AccessKeyId": 5, "SecretAccessKey": "hunter2"}"#, "not the JSON that was expected"),
        (#"{"Code": "Failed", "Message": "hunter2"}"#, "the service says 'Failed'"),
        (
            #"{"Code": "AssumeRoleUnauthorizedAccess", "Message": "hunter2"}"#,
            "the service says 'AssumeRoleUnauthorizedAccess': the role's trust policy does not let EC2 use it; allow "
                + "sts:AssumeRole to the service ec2 there"
        ),
        (#"{"Code": "Success", "SecretAccessKey": "hunter2"}"#, "a key is missing"),
        (#"{"AccessKeyId": "", "SecretAccessKey": "hunter2"}"#, "a key is missing"),
    ])
    func refusesADocumentThatIsNone(text: String, why: String) async throws {
        let failure = try #require(await failure([Self.folder: "relay-role", "\(Self.folder)relay-role": text]))
        #expect(failure.reason == .badCredentials(why))
        #expect(!failure.description.contains("hunter2"))
    }
}
