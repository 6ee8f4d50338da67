extension FirewallRules {
    /// Reads what 'iptables -S' prints (iptables(8)): the table 'filter' of the older kind, which nft does not show.
    init(iptables text: String) {
        self.init()
        var input = Entry(place: "iptables, chain INPUT", table: "iptables")
        for line in text.split(separator: "\n").map(String.init) {
            var words = line.split(separator: " ").map(String.init)[...]
            guard words.count > 2 else { continue }
            let (order, chain) = (words.removeFirst(), words.removeFirst())
            switch order {
            case "-P" where chain == "INPUT": input.dropsByDefault = words.first == "DROP"
            case "-A" where chain == "INPUT": input.rules.append(Rule(iptables: line, words))
            case "-A": chains["iptables \(chain)", default: []].append(Rule(iptables: line, words))
            default: continue
            }
        }
        entries = [input]
    }
}

extension FirewallRules.Rule {
    fileprivate init(iptables line: String, _ words: ArraySlice<String>) {
        self.init(text: line)
        var words = words
        var isNegated = false
        while let word = words.popFirst() {
            switch word {
            case "!":
                isNegated = true
                continue
            case "-i": conditions.append(.interface(words.popFirst() ?? "", isNegated: isNegated))
            case "-p": conditions.append(.always(["tcp", "all"].contains(words.popFirst() ?? "") != isNegated))
            case "-m": if words.popFirst() == "comment" { words = Self.afterComment(words) }
            case "--dport", "--dports":
                let values = (words.popFirst() ?? "").split(separator: ",").map { FirewallRules.ports(String($0)) }
                let ranges = values.compactMap(\.self)
                conditions.append(ranges.count == values.count ? .port(ranges, isNegated: isNegated) : .unknown)
            case "--state", "--ctstate":
                let states = (words.popFirst() ?? "").split(separator: ",")
                conditions.append(.always(states.contains("NEW") != isNegated))
            case "-j", "-g":
                let target = words.popFirst() ?? ""
                switch target {
                case "ACCEPT": verdict = .accept
                case "DROP", "REJECT": verdict = .drop
                case "RETURN": verdict = .leave
                case "LOG", "NFLOG", "MARK": verdict = nil
                default: verdict = word == "-j" ? .jump(target) : .go(target)
                }
                // The remaining options belong to the target.
                return
            default: conditions.append(.unknown)
            }
            isNegated = false
        }
    }

    /// Past `--comment "some words"`.
    private static func afterComment(_ words: ArraySlice<String>) -> ArraySlice<String> {
        var words = words.dropFirst()
        guard let first = words.popFirst(), first.hasPrefix("\""), !first.dropFirst().hasSuffix("\"") else {
            return words
        }
        while let next = words.popFirst(), !next.hasSuffix("\"") {}
        return words
    }
}
