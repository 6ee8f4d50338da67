import HTTP
import Testing

@Suite struct HTTPMessageTests {
    @Test func findsHeadersInAnyCase() {
        let response = HTTPResponse(status: 200, headers: [HTTPHeader("Content-TYPE", "text/xml")])
        #expect(response["content-type"] == "text/xml")
        #expect(response["Date"] == nil)
    }

    @Test(arguments: [
        ("7", Duration.seconds(7)), ("0", .zero), ("-1", nil), ("soon", nil), ("Sun, 30 Aug 2015 12:36:00 GMT", nil),
    ])
    func readsRetryAfterInSeconds(text: String, expected: Duration?) {
        #expect(HTTPResponse(status: 503, headers: [HTTPHeader("retry-after", text)]).retryAfter == expected)
    }

    @Test(arguments: [
        ("http://169.254.169.254/latest/api/token", "http", "169.254.169.254", nil, "/latest/api/token"),
        ("https://EC2.eu-central-1.amazonaws.com", "https", "ec2.eu-central-1.amazonaws.com", nil, "/"),
        ("http://[fd00:ec2::254]/x?y=1", "http", "fd00:ec2::254", nil, "/x?y=1"),
        ("http://[::1]:5000", "http", "::1", 5000, "/"),
        ("HTTP://host:80?a=b", "http", "host", 80, "/?a=b"),
    ])
    func takesAddressesApart(url: String, scheme: String, host: String, port: Int?, path: String) throws {
        let parts = try #require(URLParts(url))
        #expect(parts.scheme == scheme)
        #expect(parts.host == host)
        #expect(parts.port == port)
        #expect(parts.path == path)
    }

    @Test(arguments: [
        "", "host", "ftp://host/", "http://", "http:///path", "http://user:secret@host/", "http://host:99999/",
        "http://host:port/", "http://two words/",
    ])
    func refusesWhatIsNoAddress(url: String) {
        #expect(URLParts(url) == nil)
    }

    @Test(arguments: [
        ("https://host:443/", "host"), ("http://host:443/", "host:443"), ("http://host:80/", "host"),
        ("http://[::1]:8080/", "[::1]:8080"), ("https://Host/", "host"),
    ])
    func leavesTheDefaultPortOutOfTheHostHeader(url: String, authority: String) {
        #expect(URLParts(url)?.authority == authority)
    }
}
