import FoundationEssentials
import Host
import Vocabulary

@testable import Doctor

/// A suite of cases for SPF, as the RFC's own is written: documents of tests and the zone that they are asked of.
struct SPFSuite {
    struct Case: Sendable {
        let name: String
        let address: String
        let sender: String
        let greeting: String
        /// The results that the RFC allows.
        let results: [String]
        /// The text for a refused sender; `DEFAULT` where the domain has none.
        let explanation: String?
        let zone: SPFZone
    }

    private(set) var cases: [Case] = []

    /// The RFC's own suite.
    ///
    /// - Returns: `nil` where it does not lie beside the project.
    static func judge() -> SPFSuite? {
        // The project's folder is three above this file.
        let beside = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let file = FileManager.default.contents(atPath: "/\(beside)/shared/judges/spf/rfc7208-tests.yml")
        return file.map { SPFSuite(String(decoding: $0, as: UTF8.self)) }
    }

    /// Reads the part of YAML that such suites use: three levels by indentation, and values of one line. Longer ones are only
    /// descriptions, and left out.
    init(_ yaml: String) {
        var (section, item) = ("", "")
        var tests: [(name: String, values: [String: SPFValue])] = []
        var zone = SPFZone()
        func finish() {
            cases += tests.map { test in
                Case(
                    name: test.name,
                    address: test.values["host"]?.text ?? "",
                    sender: test.values["mailfrom"]?.text ?? "",
                    greeting: test.values["helo"]?.text ?? "",
                    results: test.values["result"]?.texts ?? [],
                    explanation: test.values["explanation"]?.text,
                    zone: zone
                )
            }
            (tests, zone) = ([], SPFZone())
        }
        for line in yaml.split(separator: "\n") where !line.hasPrefix("#") {
            let text = line.drop { $0 == " " }
            switch line.utf8.count - text.utf8.count {
            case 0 where text == "---": finish()
            case 0: section = Self.pair(text)?.key ?? section
            case 2:
                item = Self.pair(text)?.key ?? item
                if section == "tests" { tests.append((item, [:])) }
            case 4 where section == "zonedata":
                let entry = text.dropFirst(2)
                let pair = Self.pair(entry)
                zone.add(item, pair?.key ?? String(entry), pair?.value.texts ?? [])
            case 4 where section == "tests":
                if let pair = Self.pair(text) { tests[tests.count - 1].values[pair.key] = pair.value }
            default: break
            }
        }
        finish()
    }

    private static func pair(_ text: Substring) -> (key: String, value: SPFValue)? {
        var rest = text
        let quoted = rest.hasPrefix("\"")
        if quoted { rest = rest.dropFirst() }
        let mark = quoted ? "\":" : ":"
        var from = rest.startIndex
        while let range = rest[from...].firstRange(of: mark) {
            if range.upperBound == rest.endIndex || rest[range.upperBound] == " " {
                return (String(rest[..<range.lowerBound]), SPFValue(rest[range.upperBound...]))
            }
            from = range.upperBound
        }
        return nil
    }
}

/// A value of one line: a text, or a list of texts.
struct SPFValue {
    let texts: [String]

    var text: String { texts.first ?? "" }

    init(_ yaml: Substring) {
        let trimmed = yaml.trimmingPrefix { $0 == " " }
        guard trimmed.hasPrefix("["), trimmed.hasSuffix("]") else {
            texts = [Self.scalar(trimmed)]
            return
        }
        texts = trimmed.dropFirst().dropLast().split(separator: ",").map {
            Self.scalar($0.trimmingPrefix { $0 == " " })
        }
        .filter { $0 != " " }
    }

    private static func scalar(_ yaml: Substring) -> String {
        var rest = yaml
        while rest.hasSuffix(" ") { rest = rest.dropLast() }
        if rest.hasPrefix("'") { return String(rest.dropFirst().dropLast()) }
        guard rest.hasPrefix("\"") else { return String(rest) }
        rest = rest.dropFirst().dropLast()
        var scalars = String.UnicodeScalarView()
        while let character = rest.unicodeScalars.popFirst() {
            guard character == "\\", let next = rest.unicodeScalars.popFirst() else {
                scalars.append(character)
                continue
            }
            if next == "x", let code = UInt8(rest.prefix(2), radix: 16) {
                scalars.append(UnicodeScalar(code))
                rest = rest.dropFirst(2)
            } else {
                scalars.append(next == "0" ? "\0" : next)
            }
        }
        return String(scalars)
    }
}

/// The records that a suite's cases are asked of.
struct SPFZone: DNSAnswering {
    private struct Entry {
        let kind: String
        let values: [String]
    }

    private var entries: [String: [Entry]] = [:]

    mutating func add(_ name: String, _ kind: String, _ values: [String]) {
        entries[name.lowercased(), default: []].append(Entry(kind: kind, values: values))
    }

    func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
        try records(name, kind, aliases: 10)
    }

    private func records(_ name: String, _ kind: DNSRecord.Kind, aliases: Int) throws(DNSFailure) -> [DNSRecord] {
        let entries = entries[name.lowercased()] ?? []
        if let alias = entries.first(where: { $0.kind == "CNAME" })?.values.first {
            // A server reports aliases that lead around.
            guard aliases > 0 else { throw .refused(code: 2) }
            return try records(Self.absolute(alias), kind, aliases: aliases - 1)
        }
        // Records of the former type SPF stand for those of TXT, unless the zone says which it has.
        let wanted = kind == .txt && !entries.contains { $0.kind == "TXT" } ? "SPF" : "\(kind)"
        let found = entries.filter { $0.kind == wanted && $0.values != ["NONE"] }.compactMap { Self.record($0, kind) }
        if found.isEmpty, entries.contains(where: { $0.kind == "TIMEOUT" }) { throw .timedOut }
        return found
    }

    private static func record(_ entry: Entry, _ kind: DNSRecord.Kind) -> DNSRecord? {
        let value = entry.values.first ?? ""
        switch kind {
        case .a, .aaaa: return (try? IPAddress(value)).map(DNSRecord.address)
        case .ptr: return .pointer(absolute(value))
        case .mx: return .exchanger(preference: UInt16(value) ?? 0, absolute(entry.values.last ?? ""))
        case .txt: return .text(entry.values.joined())
        }
    }

    private static func absolute(_ name: String) -> String { name.hasSuffix(".") ? String(name.dropLast()) : name }
}
