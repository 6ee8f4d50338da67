import HTTP
import Testing

@Suite struct ProxySettingsTests {
    private static let both = ["HTTPS_PROXY": "http://secure.example:3128", "HTTP_PROXY": "plain.example:8080"]

    @Test func choosesTheProxyByScheme() throws {
        let settings = try ProxySettings(environment: Self.both)
        #expect(settings.server(forHost: "ec2.amazonaws.com", scheme: "https")?.description == "secure.example:3128")
        #expect(settings.server(forHost: "ec2.amazonaws.com", scheme: "http")?.description == "plain.example:8080")
    }

    @Test func usesNoneWhereNoneIsSet() throws {
        let settings = try ProxySettings(environment: ["HTTPS_PROXY": "", "HTTP_PROXY": "http://plain.example.com"])
        #expect(settings.server(forHost: "ec2.amazonaws.com", scheme: "https") == nil)
        #expect(settings.server(forHost: "ec2.amazonaws.com", scheme: "http")?.port == 80)
    }

    @Test func prefersTheNameInSmallLetters() throws {
        let environment = ["https_proxy": "http://small:1", "HTTPS_PROXY": "http://large:2"]
        let settings = try ProxySettings(environment: environment)
        #expect(settings.server(forHost: "ec2.amazonaws.com", scheme: "https")?.host == "small")
    }

    @Test(arguments: [
        "169.254.169.254", "169.254.170.2", "fd00:ec2::254", "FD00:EC2:0:0::254", "127.0.0.1", "127.9.9.9", "::1",
        "localhost",
    ])
    func reachesMetadataAndLoopbackDirectly(host: String) throws {
        let settings = try ProxySettings(environment: Self.both)
        #expect(settings.server(forHost: host, scheme: "http") == nil)
        #expect(settings.server(forHost: host, scheme: "https") == nil)
    }

    @Test(arguments: [
        ("*", "anything.example.com", true),
        ("example.com", "example.com", true),
        ("example.com", "deep.below.example.com", true),
        ("example.com", "notexample.com", false),
        (".example.com", "a.example.com", true),
        ("*.example.com", "a.example.com", true),
        ("EXAMPLE.com", "a.Example.COM", true),
        ("10.0.0.0/8", "10.1.2.3", true),
        ("10.0.0.0/8", "11.1.2.3", false),
        ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.33", false),
        ("fd00::/8", "fd12::1", true),
        ("[fd12::1]", "fd12::1", true),
        ("one.example, 10.0.0.0/8 two.example", "two.example", true),
        ("", "a.example.com", false),
        (".", "a.example.com", false),
    ])
    func leavesOutWhatNoProxyNames(list: String, host: String, isDirect: Bool) throws {
        let settings = try ProxySettings(environment: Self.both.merging(["no_proxy": list]) { $1 })
        #expect((settings.server(forHost: host, scheme: "https") == nil) == isDirect)
    }

    @Test(arguments: ["https://proxy:3128", "socks5://proxy", "http://proxy:port", "http://proxy/path", "http://"])
    func refusesWhatItCannotUse(text: String) {
        let failure = #expect(throws: TransportSettingsFailure.self) {
            try ProxySettings(environment: ["https_proxy": text])
        }
        #expect(failure?.variable == "https_proxy")
        #expect(failure?.description.contains("'\(text)'") == true)
    }

    @Test func neverShowsAPassword() throws {
        let failure = #expect(throws: TransportSettingsFailure.self) {
            try ProxySettings(environment: ["HTTPS_PROXY": "ftp://user:hunter2@proxy"])
        }
        #expect(failure?.description.contains("hunter2") == false)
        let settings = try ProxySettings(environment: ["HTTPS_PROXY": "http://user:hunter2@proxy:1"])
        let server = try #require(settings.server(forHost: "a.example", scheme: "https"))
        #expect(!"\(server)".contains("hunter2"))
        #expect(!String(reflecting: server).contains("hunter2"))
    }

    @Test(arguments: [("a%20b", "a b"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("%C3%BC", "ü"), ("a+b", "a+b")])
    func decodesPercents(text: String, expected: String) {
        #expect(text.percentDecoded == expected)
    }
}
