/// A suite of our own in the form of the RFC's, so that its reader and the evaluation are tried where that one does not lie
/// beside the project. The zone and results of the first part are those of RFC 7208, appendix A.
enum SPFSamples {
    static let count = 19

    static let yaml = """
        # A comment.
        ---
        description: Appendix A
        comment: >-
          Text of several lines,
          with a: colon.
        tests:
          all:
            description: Anybody may send
              (on two lines)
            spec: A.1
            helo: mail-a.example.com
            host: 198.51.100.1
            mailfrom: a@all.example.com
            result: pass
          a-of-domain:
            host: 192.0.2.10
            helo: x
            mailfrom: a@a.example.com
            result: pass
          a-of-another:
            host: 192.0.2.11
            helo: x
            mailfrom: a@other-a.example.com
            result: [fail]
          mx-of-domain:
            host: 192.0.2.129
            helo: x
            mailfrom: a@mx.example.com
            result: pass
          mx-with-length:
            host: 192.0.2.140
            helo: x
            mailfrom: a@mx30.example.com
            result: fail
          mx-with-length-inside:
            host: 192.0.2.131
            helo: x
            mailfrom: a@mx30.example.com
            result: pass
          ptr-inside:
            host: 192.0.2.65
            helo: x
            mailfrom: a@ptr.example.com
            result: pass
          ptr-elsewhere:
            host: 192.0.2.140
            helo: x
            mailfrom: a@ptr.example.com
            result: fail
          ptr-forged:
            host: 10.0.0.4
            helo: x
            mailfrom: a@ptr.example.com
            result: fail
          ip4-inside:
            host: 192.0.2.129
            helo: x
            mailfrom: a@ip4.example.com
            result: pass
          ip4-outside:
            host: 192.0.2.65
            helo: x
            mailfrom: a@ip4.example.com
            result: fail
        zonedata:
          all.example.com:
            - SPF: v=spf1 +all
          a.example.com:
            - TXT: v=spf1 a -all
            - A: 192.0.2.10
            - A: 192.0.2.11
          other-a.example.com:
            - SPF: "v=spf1 a:amy.example.com -all"
          amy.example.com:
            - A: 192.0.2.65
          mx.example.com:
            - SPF: [ "v=spf1 mx", " -all" ]
            - MX: [10, mail-a.example.com]
            - MX: [20, 'mail-b.example.com.']
          mx30.example.com:
            - SPF: 'v=spf1 mx/30 mx:mx.example.com/30 -all'
          mail-a.example.com:
            - A: 192.0.2.129
          mail-b.example.com:
            - A: 192.0.2.130
          ptr.example.com:
            - SPF: v=spf1 ptr:example.com -all
          65.2.0.192.in-addr.arpa:
            - PTR: amy.example.com
          140.2.0.192.in-addr.arpa:
            - PTR: mail-c.example.org
          4.0.0.10.in-addr.arpa:
            - PTR: bob.example.com
          ip4.example.com:
            - SPF: v=spf1 ip4:192.0.2.128/28 -all
        ---
        description: Others
        tests:
          greeting:
            host: 192.0.2.1
            helo: greeting.example.com
            mailfrom: ""
            result: fail
            explanation: postmaster at greeting.example.com
          byte:
            host: 192.0.2.1
            helo: x
            mailfrom: "\\x61@byte.example.com"
            result: permerror
          slow:
            host: 192.0.2.1
            helo: x
            mailfrom: a@slow.example.com
            result: temperror
          only-the-former-type:
            host: 192.0.2.1
            helo: x
            mailfrom: a@former.example.com
            result: none
          alias:
            host: 192.0.2.1
            helo: x
            mailfrom: a@alias.example.com
            result: fail
            explanation: DEFAULT
          loop:
            host: 192.0.2.1
            helo: x
            mailfrom: a@loop.example.com
            result: temperror
          brackets:
            host: 2001:db8::1
            helo: x
            mailfrom: "a@[192.0.2.1]"
            result: none
          either:
            host: ::FFFF:192.0.2.1
            helo: x
            mailfrom: a@former.example.org
            result: [fail, none]
        zonedata:
          greeting.example.com:
            - SPF: v=spf1 -all exp=e_e.example.com
          "e_e.example.com":
            - TXT: '%{l} at %{o}'
          byte.example.com:
            - SPF: "v=spf1 a:\\x96.example.com -all"
          slow.example.com:
            - TIMEOUT
          former.example.com:
            - SPF: v=spf1 -all
            - TXT: NONE
          alias.example.com:
            - CNAME: Greeting2.example.com.
          greeting2.example.com:
            - SPF: v=spf1 -all exp=none.example.com
          loop.example.com:
            - CNAME: loop.example.com

        """
}
