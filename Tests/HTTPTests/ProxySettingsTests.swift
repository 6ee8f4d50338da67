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

    /// The forms of curl (CURLOPT_NOPROXY(3)) and of Go (golang.org/x/net/http/httpproxy).
    @Test(arguments: [
        ("*", "a.example", 443, true),
        ("a.example, *", "b.example", 443, true),
        ("api.example:443", "api.example", 443, true),
        ("api.example:443", "deep.api.example", 443, true),
        ("api.example:443", "api.example", 8443, false),
        (".example:8443", "api.example", 8443, true),
        ("*.example:8443", "api.example", 8443, true),
        ("192.0.2.2:5999", "192.0.2.2", 5999, true),
        ("192.0.2.2:5999", "192.0.2.2", 443, false),
        ("192.0.2.2", "192.0.2.2", 5999, true),
        ("[2001:db8::1]", "2001:db8::1", 443, true),
        ("[2001:db8::1]:8443", "2001:db8::1", 8443, true),
        ("[2001:db8::1]:8443", "2001:db8::1", 443, false),
        ("2001:db8::1", "2001:DB8:0::1", 443, true),
        ("[2001:db8::]/32", "2001:db8::1", 443, true),
        ("[2001:db8::/32]", "2001:db8::1", 443, true),
        ("2001:db8::1/32", "2001:db8:ffff::1", 443, true),
        ("10.1.2.3/8", "10.9.9.9", 443, true),
        ("10.1.2.3/32", "10.1.2.4", 443, false),
        ("0.0.0.0/0", "192.0.2.7", 443, true),
        ("0.0.0.0/0", "a.example", 443, false),
        ("::ffff:10.0.0.0/104", "10.1.2.3", 443, true),
        ("::ffff:10.0.0.1", "10.0.0.1", 443, true),
        ("10.0.0.1", "::ffff:10.0.0.1", 443, true),
        ("10.0.0.1.", "10.0.0.1", 443, true),
        ("a.example.", "a.example", 443, true),
        ("a.example", "a.example.", 443, true),
        (".example.", "a.example.", 443, true),
        ("A.Example", "a.eXample", 443, true),
        ("\ta.example ,\nb.example", "b.example", 443, true),
        ("a.example,,b.example,", "b.example", 443, true),
        ("under_score.example", "under_score.example", 443, true),
        ("1and1.example", "www.1and1.example", 443, true),
        ("example", "example", 443, true),
    ])
    func takesTheFormsOfCurlAndGo(list: String, host: String, port: Int, isDirect: Bool) throws {
        let settings = try ProxySettings(environment: Self.both.merging(["NO_PROXY": list]) { $1 })
        #expect((settings.server(forHost: host, scheme: "https", port: port) == nil) == isDirect)
        #expect(settings.warning == nil)
    }

    @Test func theSchemesPortIsMeantWhereNoneIsNamed() throws {
        let settings = try ProxySettings(environment: Self.both.merging(["NO_PROXY": "a.example:80"]) { $1 })
        #expect(settings.server(forHost: "a.example", scheme: "http") == nil)
        #expect(settings.server(forHost: "a.example", scheme: "https") != nil)
    }

    @Test(arguments: [
        "http://a.example", "a.example/", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "10/8", "10.0.", "10.0", "10.*",
        "ec2.*.example",
        "*a.example", "*:443", "a..example", "a.example:", "a.example:http", "a.example:0", "a.example:65536",
        "<local>",
        "fe80::1%eth0", "[10.0.0.1]", "[a.example]", "::1]", "[::1", "[::1]:", "10.0.0.1-10.0.0.9", "\"a.example\"",
        ".", "*.",
        "bücher.example", "2001:db8::/129", "10.0.0.0/", "/8",
    ])
    func saysWhatNobodyUnderstands(entry: String) throws {
        let environment = Self.both.merging(["NO_PROXY": "fine.example,\(entry)"]) { $1 }
        let settings = try ProxySettings(environment: environment)
        let warning = try #require(settings.warning)
        #expect(warning.hasPrefix("environment NO_PROXY: '"))
        #expect(!warning.contains("fine.example"))
        #expect(settings.server(forHost: "fine.example", scheme: "https") == nil)
        // Without a proxy, nothing is lost.
        #expect(try ProxySettings(environment: ["NO_PROXY": entry]).warning == nil)
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
