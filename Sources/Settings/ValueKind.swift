import Vocabulary

/// The texts or numbers that a setting may have, as a JSON Schema tells them to an editor.
///
/// `ValueReader` parses the values. A test compares both.
enum ValueKind: Sendable, Equatable {
    /// All that the form allows.
    case any
    /// One of a few words.
    case words([String])
    /// A whole number.
    case integer(ClosedRange<Int>)
    /// A port that is none of the relay's own.
    case port
    /// A text of this pattern.
    case text(TextPattern)

    static func words<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> ValueKind where Word.RawValue == String {
        .words(Word.allCases.map(\.rawValue))
    }

    static let domain = ValueKind.text(.domain)
    static let network = ValueKind.text(.network)
    static let allowedNetwork = ValueKind.text(.allowedNetwork)
    static let transport = ValueKind.text(.transport)
    static let signingKey = ValueKind.text(.signingKey)
    static let receivingDomain = ValueKind.text(.receivingDomain)
    static let mailSender = ValueKind.text(.mailSender)
    static let clientSenders = ValueKind.text(.clientSenders)
    static let senderMapping = ValueKind.text(.senderMapping)
    static let userName = ValueKind.text(.userName)
    static let path = ValueKind.text(.path)
    static let parameterName = ValueKind.text(.parameterName)
    static let postfixTime = ValueKind.text(.postfixTime)
    static let healthPath = ValueKind.text(.healthPath)
    static let classicLoadBalancer = ValueKind.text(.classicLoadBalancer)
    static let targetGroup = ValueKind.text(.targetGroup)
    static let lifecycleHook = ValueKind.text(.lifecycleHook)
    static let stack = ValueKind.text(.stack)
    static let logicalResource = ValueKind.text(.logicalResource)
    static let relayHost = ValueKind.text(.relayHost)
    static let fleetPlace = ValueKind.text(.fleetPlace)
    static let logGroup = ValueKind.text(.logGroup)
    static let metricNamespace = ValueKind.text(.metricNamespace)

    /// The ports that the relay itself needs.
    static let ownPorts = [25, 465, 587, Int(HealthPorts.loopback)]

    /// The schema of one value.
    var schema: [(String, JSONText)] {
        switch self {
        case .any: [("type", .text("string"))]
        case .words(let words): [("type", .text("string")), ("enum", .list(words.map(JSONText.text)))]
        case .integer(let range): Self.integer(range)
        case .port:
            Self.integer(1...65535) + [("not", .object([("enum", .list(Self.ownPorts.map(JSONText.number)))]))]
        case .text(let pattern): [("type", .text("string")), ("pattern", .text(pattern.whole))]
        }
    }

    private static func integer(_ range: ClosedRange<Int>) -> [(String, JSONText)] {
        [
            ("type", .text("integer")), ("minimum", .number(range.lowerBound)), ("maximum", .number(range.upperBound)),
        ]
    }
}

/// A regular expression that Python, ECMAScript and Rust read alike, but for the look-ahead that Rust lacks.
struct TextPattern: Sendable, Equatable {
    let body: String

    init(_ body: String) { self.body = body }

    /// The expression for a whole text. Python's `$` also matches before a line break at the end.
    var whole: String { "^(?:\(body))$(?!\\n)" }

    private static let label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    private static let name = """
        (?=[^/:=\\]]{1,253}(?:[/:=\\]]|\\.?$))(?:\(label)\\.)+(?![0-9]+\\.?(?:[/:=\\]]|$))\(label)\\.?
        """
    private static let region = "[A-Za-z0-9][A-Za-z0-9-]{1,30}[A-Za-z0-9]"
    private static let portNumber = "0*\(upTo(65535))"
    private static let hop = """
        (?:\\[(?:\(name)|\(AddressPattern.ipv4)|[Ii][Pp][Vv]6:\(AddressPattern.ipv6))\\]|\(name))(?::\(portNumber))?
        """

    static let domain = TextPattern(name)
    static let network = TextPattern("\(AddressPattern.ipv4Network)|\(AddressPattern.ipv6Network)")
    static let allowedNetwork = TextPattern("vpc|subnet|\(network.body)")
    static let transport = TextPattern("\(name)=\(hop)")
    static let nexthop = TextPattern(hop)
    static let mailAddress = TextPattern("[A-Za-z0-9._+-]{1,64}@\(name)")
    static let mailSender = TextPattern("\\.?\(name)|\(mailAddress.body)")
    static let clientSenders = TextPattern(
        "(?:\(network.body))=(?:\(mailSender.body))(?::(?:\(mailSender.body)))*"
    )
    static let senderMapping = TextPattern("(?:\(mailSender.body))=\(mailAddress.body)")
    static let userName = TextPattern("[!-9;-~]+")
    static let path = TextPattern("(?=.{2,1024}$)/[A-Za-z0-9/._+@-]*[A-Za-z0-9._+@-]")
    static let parameterName = TextPattern("[A-Za-z0-9/._:-]{1,2048}")
    static let selector = TextPattern("(?=.{1,200}$)\(label)(?:\\.\(label))*")
    static let signingKey = TextPattern(
        "\(name)=(?=[^:]{1,200}:)\(label)(?:\\.\(label))*:(?:\(path.body)|ssm:\(parameterName.body))"
    )
    static let messageRate = TextPattern(
        MessageRate.units.map { "0*\(upTo($0.seconds))/\($0.name)" }.joined(separator: "|")
    )
    static let receivingDomain: TextPattern = {
        let pace = "(?:concurrency:0*\(upTo(Destination.concurrencies.upperBound))|rate:(?:\(messageRate.body)))"
        let tls = "tls:(?:\(Destination.levels.map(\.rawValue).joined(separator: "|")))"
        return TextPattern("\(name)=(?:\(pace)(?:;\(tls))?|\(tls))")
    }()
    static let healthPath = TextPattern("(?!/metrics$)(?=.{2,128}$)(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")
    static let classicLoadBalancer = TextPattern("[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
    static let targetGroup = TextPattern(
        """
        arn:aws[A-Za-z0-9-]*:elasticloadbalancing:\(region):[0-9]{12}:targetgroup/[A-Za-z0-9-]{1,32}/[A-Za-z0-9-]+
        """
    )
    static let lifecycleHook = TextPattern("[A-Za-z0-9_/-]{1,255}")
    static let stack = TextPattern(
        """
        [A-Za-z][A-Za-z0-9-]{0,127}|(?=.{1,1024}$)arn:[A-Za-z0-9/._+-]*:cloudformation(?::[A-Za-z0-9/._+-]*){2}\
        :stack/[A-Za-z0-9/._+-]*
        """
    )
    static let logicalResource = TextPattern("[A-Za-z0-9]{1,255}")
    static let relayHost = TextPattern(
        """
        (?!\\[(?:127(?:\\.[0-9]+){3}\\]|0\\.0\\.0\\.0\\]|[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]\\.[Ll][Oo][Cc][Aa][Ll][Dd][Oo][Mm][Aa][Ii][Nn]\
        6?\\.?\\]|[Ii][Pp][Vv]6:[0:]*:[01]\\]))(?=\\[)\(hop)
        """
    )
    static let fleetPlace = TextPattern(
        """
        ssm:\(parameterName.body)|s3://(?=[a-z0-9.-]{3,63}/)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\
        (?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*/(?=.{1,1024}$)(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]+\
        (?:/(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]+)*
        """
    )

    static let logGroup = TextPattern("(?!aws/)[A-Za-z0-9._/#-]{1,512}")
    static let metricNamespace = TextPattern("(?!AWS/)[A-Za-z0-9._/#-]{1,255}")

    /// A time of Postfix's: at most a hundred days.
    static let postfixTime: TextPattern = {
        let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("w", 604_800)]
        return TextPattern(units.map { "0*(?:0|\(upTo(100 * 86400 / $0.1)))\($0.0)" }.joined(separator: "|"))
    }()

    /// A duration of at most a day, with or without its unit.
    static let duration: TextPattern = {
        let units = [("s?", 1), ("m", 60), ("h", 3600)]
        return TextPattern(units.map { "0*\(upTo(86400 / $0.1))\($0.0)" }.joined(separator: "|"))
    }()

    /// The numbers from 1 to a limit, without leading zeros.
    static func upTo(_ limit: Int) -> String {
        let digits = Array("\(limit)").compactMap(\.wholeNumberValue)
        var cases = digits.count == 1 ? [] : ["[1-9][0-9]{0,\(digits.count - 2)}"]
        for (index, digit) in digits.enumerated() {
            let least = index == 0 ? 1 : 0
            guard digit > least else { continue }
            let before = digits[..<index].map(String.init).joined()
            cases.append("\(before)[\(least)-\(digit - 1)][0-9]{\(digits.count - index - 1)}")
        }
        return "(?:\((cases + ["\(limit)"]).joined(separator: "|")))"
    }
}
