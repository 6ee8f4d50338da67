/// A host's own packet filter, as far as it decides about a new TCP connection to one port.
///
/// A rule that is not understood gives no finding: it may let a connection in, and never counts as a barrier.
struct FirewallRules: Equatable {
    /// Chains that every incoming packet passes: dropped in one is dropped.
    var entries: [Entry] = []
    /// The others by their table and name.
    var chains: [String: [Rule]] = [:]

    struct Entry: Equatable {
        /// The place as a person finds it: `table inet filter, chain input`.
        let place: String
        let table: String
        var rules: [Rule] = []
        var dropsByDefault = false
    }

    struct Rule: Equatable {
        let text: String
        var conditions: [Condition] = []
        var verdict: Verdict?
    }

    enum Verdict: Equatable {
        case accept, drop, leave
        case jump(String)
        /// A jump that does not come back.
        case go(String)
    }

    enum Condition: Equatable {
        case port([ClosedRange<UInt16>], isNegated: Bool)
        case interface(String, isNegated: Bool)
        /// Met, or not, by every connection in question.
        case always(Bool)
        /// Not understood.
        case unknown
    }

    /// The place and the rule that drop a connection.
    struct Barrier: Equatable {
        let place: String
        let rule: String
        let table: String
    }

    /// The rule or policy that drops connections to a port that come in by an interface; `nil` where none certainly
    /// does.
    func barrier(to port: UInt16, by interface: String) -> Barrier? {
        for entry in entries {
            switch outcome(of: entry.rules, in: entry.table, port, interface, depth: 0) {
            case .dropped(let rule): return Barrier(place: entry.place, rule: rule, table: entry.table)
            case .accepted: continue
            case nil where entry.dropsByDefault:
                return Barrier(place: entry.place, rule: "policy drop", table: entry.table)
            case nil: continue
            }
        }
        return nil
    }

    private enum Outcome {
        case accepted
        case dropped(String)
    }

    private static let deepest = 16

    private func outcome(
        of rules: [Rule],
        in table: String,
        _ port: UInt16,
        _ interface: String,
        depth: Int
    ) -> Outcome? {
        guard depth < Self.deepest else { return .accepted }
        for rule in rules {
            guard let verdict = rule.verdict, let isCertain = rule.matches(port, interface) else { continue }
            switch verdict {
            case .accept: return .accepted
            case .drop: if isCertain { return .dropped(rule.text) }
            case .leave: return isCertain ? nil : .accepted
            case .jump(let name), .go(let name):
                let inner = outcome(of: chains["\(table) \(name)"] ?? [], in: table, port, interface, depth: depth + 1)
                if case .accepted = inner { return .accepted }
                if isCertain, inner != nil { return inner }
                if isCertain, case .go = verdict { return nil }
            }
        }
        return nil
    }
}

extension FirewallRules.Rule {
    /// Whether it certainly holds for such a connection; `nil` where it certainly does not.
    fileprivate func matches(_ port: UInt16, _ interface: String) -> Bool? {
        var isCertain = true
        for condition in conditions {
            switch condition {
            case .port(let ranges, let isNegated):
                if ranges.contains(where: { $0.contains(port) }) == isNegated { return nil }
            case .interface(let name, let isNegated):
                if (name == interface) == isNegated { return nil }
            case .always(let holds): if !holds { return nil }
            case .unknown: isCertain = false
            }
        }
        return isCertain
    }
}
