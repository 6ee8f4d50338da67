import AWS
import RelayTestSupport
import Synchronization
import Testing

/// A role whose credentials end after a given time, or can't be read.
private final class Role: RoleCredentialReading {
    struct Unreadable: Error {}

    private let state: Mutex<(results: [Double?], reads: Int)>

    /// - Parameter results: For each read, when the credentials end; `nil` where reading fails.
    init(_ results: [Double?]) { state = Mutex((results, 0)) }

    var reads: Int { state.withLock { $0.reads } }

    func roleCredentials() async throws -> Credentials {
        let (end, number) = state.withLock { state -> (Double?, Int) in
            state.reads += 1
            return (state.results.isEmpty ? nil : state.results.removeFirst(), state.reads)
        }
        guard let end else { throw Unreadable() }
        return Credentials(accessKeyID: "AKIA\(number)", secretAccessKey: "s", sessionToken: "t", expiration: end)
    }
}

@Suite struct CredentialTests {
    private let time = ManualTime(epoch: 1000)

    @Test func readsTheEnvironment() throws {
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
        ]
        let credentials = try #require(EnvironmentCredentials(environment)).credentials()
        #expect(credentials.accessKeyID == "AKIAIOSFODNN7EXAMPLE")
        #expect(credentials.secretAccessKey == "secret")
        #expect(credentials.sessionToken == "token")
        #expect(credentials.expiration == nil)
    }

    @Test(arguments: [
        [:], ["AWS_ACCESS_KEY_ID": "A"], ["AWS_SECRET_ACCESS_KEY": "S"],
        ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": ""],
        ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "S"],
    ])
    func findsNoneInTheEnvironment(environment: [String: String]) {
        #expect(EnvironmentCredentials(environment) == nil)
    }

    @Test func takesAnEmptyTokenAsNone() {
        let environment = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": ""]
        #expect(EnvironmentCredentials(environment)?.credentials().sessionToken == nil)
    }

    @Test func neverPrintsSecrets() {
        let credentials = Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "hunter2",
            sessionToken: "swordfish",
            expiration: 5
        )
        var dumped = ""
        dump(credentials, to: &dumped)
        struct Holder { let credentials: Credentials }
        for text in ["\(credentials)", String(reflecting: credentials), dumped, "\(Holder(credentials: credentials))"] {
            #expect(text.contains("AKIAIOSFODNN7EXAMPLE"))
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("swordfish"))
        }
    }

    @Test func keepsARolesCredentialsUntilFiveMinutesBeforeTheirEnd() async throws {
        let role = Role([5000, 9000])
        let source = InstanceRoleCredentials(reader: role, time: time.source)
        #expect(try await source.credentials().accessKeyID == "AKIA1")
        time.advance(by: .seconds(3699))
        #expect(try await source.credentials().accessKeyID == "AKIA1")
        time.advance(by: .seconds(1))
        #expect(try await source.credentials().accessKeyID == "AKIA2")
        #expect(role.reads == 2)
    }

    @Test func neverRemembersAFailure() async throws {
        let role = Role([nil, nil, 5000])
        let source = InstanceRoleCredentials(reader: role, time: time.source)
        for _ in 1...2 {
            await #expect(throws: Role.Unreadable.self) { _ = try await source.credentials() }
        }
        #expect(try await source.credentials().accessKeyID == "AKIA3")
    }

    @Test func usesWhatItHasWhereMetadataIsAwayForAMoment() async throws {
        let role = Role([5000, nil, nil])
        let source = InstanceRoleCredentials(reader: role, time: time.source)
        _ = try await source.credentials()
        time.advance(by: .seconds(3999))
        #expect(try await source.credentials().accessKeyID == "AKIA1")
        time.advance(by: .seconds(1))
        await #expect(throws: Role.Unreadable.self) { _ = try await source.credentials() }
    }

    @Test func readsAnewAfterARefusal() async throws {
        let role = Role([5000, 5000])
        let source = InstanceRoleCredentials(reader: role, time: time.source)
        _ = try await source.credentials()
        #expect(await source.invalidate())
        #expect(try await source.credentials().accessKeyID == "AKIA2")
        #expect(try await source.credentials().accessKeyID == "AKIA2")
    }

    @Test func refusedOnesServeOnWhereMetadataIsAway() async throws {
        let role = Role([5000, nil, 5000])
        let source = InstanceRoleCredentials(reader: role, time: time.source)
        _ = try await source.credentials()
        #expect(await source.invalidate())
        // The API's own word about them says more than metadata's silence.
        #expect(try await source.credentials().accessKeyID == "AKIA1")
        #expect(try await source.credentials().accessKeyID == "AKIA3")
    }
}
