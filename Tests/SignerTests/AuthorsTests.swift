import Testing

@testable import Signer

/// RFC 5322, section 3.4.
struct AuthorsTests {
    private func addresses(_ text: String) -> [String]? {
        AddressList.mailboxes(in: Array(text.utf8))?.map { "\($0.localPart)|\($0.domain)" }
    }

    @Test(arguments: [
        ("joe@example.com", ["joe|example.com"]), (" <joe@example.com>", ["joe|example.com"]),
        ("Joe Q. Public <john.q.public@Example.COM>", ["john.q.public|example.com"]),
        ("\"Joe, the <x@evil.org> one\" <joe@example.com>", ["joe|example.com"]),
        ("\"a \\\" b@evil.org, \" <joe@example.com>", ["joe|example.com"]),
        ("Joe (x@evil.org (nested \\) <y@evil.org>)) <joe@example.com>(end)", ["joe|example.com"]),
        ("joe@example.com (Joe)", ["joe|example.com"]), ("joe@victim.org <joe@example.com>", ["joe|example.com"]),
        ("joe (a) @ (b) example . com", ["joe|example.com"]), ("Joe\r\n <joe@\r\n example.com>", ["joe|example.com"]),
        ("a@example.com, B <b@example.org>", ["a|example.com", "b|example.org"]),
        (", a@example.com,,b@example.org,", ["a|example.com", "b|example.org"]),
        ("Team: a@example.com, B <b@example.org>;", ["a|example.com", "b|example.org"]),
        ("A Team:; , c@example.net", ["c|example.net"]), ("undisclosed-recipients:;", []), ("", []), ("()", []),
        ("\"joe smith\"@example.com", ["joe smith|example.com"]), ("\"a@b\"@example.com", ["a@b|example.com"]),
        ("\"a\".b@example.com", ["a.b|example.com"]), ("joe..x.@example.com", ["joe..x.|example.com"]),
        ("<@a.org,@b.org:joe@example.com>", ["joe|example.com"]), ("joe@[192.0.2.1]", ["joe|[192.0.2.1]"]),
        ("root", []), ("root (Cron Daemon)", []), ("<root>", []), ("Smith, John <j@example.com>", ["j|example.com"]),
        ("Jörg <jörg@bücher.example>", ["jörg|xn--bcher-kva.example"]),
        ("=?utf-8?q?J=C3=B6rg?= <j@example.com>", ["j|example.com"]),
        ("a@例え.jp", ["a|xn--r8jz45g.jp"]), ("a@EXAMPLE。com", ["a|example.com"]),
        ("a+b/c=d@example.com", ["a+b/c=d|example.com"]),
    ])
    func addressesAreFound(_ text: String, _ addresses: [String]) {
        #expect(self.addresses(text) == addresses)
    }

    /// A reader may see another author in each of these.
    @Test(arguments: [
        "<a@example.com> <b@example.org>", "<a@example.com> b", "a@b@example.com", "<a@example.com", "a@example.com>",
        "\"a <b@example.com>", "(a b@example.com", "a) b@example.com", "a@[192.0.2.1", "a@example..com", "a@.com",
        "a@", "@example.com", "a b@example.com", "a@example com", "<<a@example.com>>", "a@\"example\".com",
        "Team: a@example.com", "a@example.com;", "a: b: c@example.com;;", "a@example.com: b@example.org;",
        "a\\@example.com",
        "a\u{0}@example.com", "a@example.com\u{7F}",
    ])
    func ambiguousFieldsAreRefused(_ text: String) {
        #expect(addresses(text) == nil)
    }

    @Test func bytesThatAreNoTextAreNoAddress() {
        #expect(AddressList.mailboxes(in: [0xFF, 0x40] + Array("example.com".utf8)) == nil)
        #expect(AddressList.mailboxes(in: [0xFF] + Array(" <a@example.com>".utf8))?.map(\.domain) == ["example.com"])
    }

    @Test func allFromFieldsCount() {
        var authors = MessageAuthors.none
        authors.add(HeaderField("From", "a@example.com"))
        authors.add(HeaderField("Sender", "x@example.net"))
        authors.add(HeaderField("FROM ", "b@example.org"))
        #expect(authors.mailboxes.map(\.domain) == ["example.com", "example.org"])
        authors.add(HeaderField("from", "(broken"))
        #expect(authors == .unreadable && authors.mailboxes.isEmpty)
        authors.add(HeaderField("from", "a@example.com"))
        #expect(authors == .unreadable)
    }

    /// RFC 3492, section 7.1, and names in use.
    @Test(arguments: [
        ("bücher.example", "xn--bcher-kva.example"), ("MÜNCHEN.de", "xn--mnchen-3ya.de"), ("faß.de", "xn--fa-hia.de"),
        ("ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn"), ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
        ("почемужеонинеговорятпорусски", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l"), ("☃.net", "xn--n3h.net"),
        ("Example.COM", "example.com"),
    ])
    func internationalizedDomains(_ domain: String, _ ascii: String) {
        #expect(InternationalDomain.ascii(domain) == ascii)
    }

    @Test(arguments: ["", ".", "a..b", String(repeating: "a", count: 64), String(repeating: "ü", count: 64)])
    func domainsThatDNSCannotHave(_ domain: String) {
        #expect(InternationalDomain.ascii(domain) == nil)
    }
}
