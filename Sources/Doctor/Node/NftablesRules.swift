extension FirewallRules {
    /// Reads what 'nft list ruleset' prints (nft(8)).
    init(nftables text: String) {
        self.init()
        var table: (family: String, name: String) = ("", "")
        var chain: String?
        var entry: Entry?
        var isInSet = false
        for line in text.split(separator: "\n").map({ String($0.drop { $0.isWhitespace }) }) {
            let words = line.split(separator: " ").map(String.init)
            guard let first = words.first else { continue }
            switch first {
            case "table" where words.count > 2: table = (words[1], words[2])
            case "chain" where words.count > 1: (chain, entry) = (words[1], nil)
            case "set", "map", "flowtable", "ct", "counter", "quota", "limit":
                if chain == nil { isInSet = true } else { fallthrough }
            default:
                if first.hasPrefix("}") {
                    if isInSet {
                        isInSet = false
                    } else if chain != nil {
                        if let entry { entries.append(entry) }
                        (chain, entry) = (nil, nil)
                    }
                } else if let chain, !isInSet, ["ip", "inet"].contains(table.family) {
                    let key = "\(table.family) \(table.name)"
                    if first == "type" {
                        guard words.contains("filter"), words.contains("input") || words.contains("prerouting") else {
                            continue
                        }
                        entry = Entry(
                            place: "table \(key), chain \(chain)",
                            table: key,
                            dropsByDefault: line.contains("policy drop")
                        )
                    } else if entry != nil {
                        entry?.rules.append(Rule(nftables: line))
                    } else {
                        chains["\(key) \(chain)", default: []].append(Rule(nftables: line))
                    }
                }
            }
        }
    }
}

extension FirewallRules.Rule {
    fileprivate init(nftables line: String) {
        self.init(text: line)
        var words = Words(line)
        while let word = words.next() {
            switch word {
            case "iifname", "iif": conditions.append(words.interface())
            case "tcp":
                let isPort = words.next() == "dport"
                let condition = words.ports()
                conditions.append(isPort ? condition : .unknown)
            case "udp", "icmp", "icmpv6", "sctp", "dccp": conditions.append(.always(false))
            case "meta", "ip":
                let field = words.next()
                let (values, isNegated) = words.values()
                guard field == "l4proto" || field == "protocol" else {
                    conditions.append(field == "nfproto" && values == ["ipv4"] && !isNegated ? .always(true) : .unknown)
                    continue
                }
                conditions.append(.always((values.contains("tcp") || values.contains("6")) != isNegated))
            case "ct":
                let field = words.next()
                let (values, isNegated) = words.values()
                switch field {
                case "state": conditions.append(.always(values.contains("new") != isNegated))
                // The status 'dnat' marks a connection that another address redirected here, as for containers.
                case "status" where values == ["dnat"]: conditions.append(.always(isNegated))
                default: conditions.append(.unknown)
                }
            case "counter": words.skipCounts()
            case "log", "comment": words.skipText()
            case "accept": verdict = .accept
            case "drop": verdict = .drop
            case "reject":
                verdict = .drop
                return
            case "return": verdict = .leave
            case "jump": verdict = words.next().map { .jump($0) }
            case "goto": verdict = words.next().map { .go($0) }
            default: conditions.append(.unknown)
            }
        }
    }

    /// The words of a rule. A set is several words between braces.
    private struct Words {
        private var words: ArraySlice<String>

        init(_ line: String) { words = line.split(separator: " ").map(String.init)[...] }

        mutating func next() -> String? { words.popFirst() }

        mutating func values() -> (values: [String], isNegated: Bool) {
            var isNegated = false
            if words.first == "!=" {
                isNegated = true
                words.removeFirst()
            }
            if words.first == "vmap" { words.removeFirst() }
            guard let first = words.popFirst() else { return ([], isNegated) }
            guard first == "{" else { return (first.split(separator: ",").map(String.init), isNegated) }
            var values: [String] = []
            while let word = words.popFirst(), word != "}" {
                values.append(word.last == "," ? String(word.dropLast()) : word)
            }
            return (values, isNegated)
        }

        mutating func interface() -> FirewallRules.Condition {
            let (values, isNegated) = values()
            guard values.count == 1, let name = values.first, !name.hasPrefix("@"), !name.contains("*") else {
                return .unknown
            }
            return .interface(name.filter { $0 != "\"" }, isNegated: isNegated)
        }

        mutating func ports() -> FirewallRules.Condition {
            let (values, isNegated) = values()
            let ranges = values.compactMap(FirewallRules.ports)
            return ranges.count == values.count ? .port(ranges, isNegated: isNegated) : .unknown
        }

        mutating func skipCounts() {
            while let word = words.first, ["packets", "bytes"].contains(word) { words = words.dropFirst(2) }
        }

        /// A log's prefix and a comment are in quotes, and may hold any words.
        mutating func skipText() {
            while let word = words.first, !["accept", "drop", "reject", "return", "jump", "goto"].contains(word) {
                words.removeFirst()
                guard word.hasPrefix("\""), !word.dropFirst().hasSuffix("\"") else { continue }
                while let next = words.popFirst(), !next.hasSuffix("\"") {}
            }
        }
    }
}

extension FirewallRules {
    /// `25`, `1-1023`, `1:1023` or one of the names that are printed for these ports.
    static func ports(_ text: String) -> ClosedRange<UInt16>? {
        if let port = UInt16(text) { return port...port }
        if let port = ["smtp": 25, "http": 80, "submission": 587, "smtps": 465][text] as UInt16? { return port...port }
        let ends = text.split { $0 == "-" || $0 == ":" }.map { UInt16($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
        return first...last
    }
}
