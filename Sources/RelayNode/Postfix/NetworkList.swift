import Vocabulary

/// The allowed networks as Postfix has them: in main.cf where they are few, else in a table.
struct NetworkList: Sendable, Equatable {
    /// The value of `mynetworks`.
    let value: String
    /// The table that the value names, if it does.
    let table: PostfixTable?

    /// More than these make a line that nobody can read.
    private static let longestList = 8

    init(_ allowed: AllowedNetworks, table: NetworkTable, version: PostfixVersion) {
        let isTable =
            switch table {
            case .always: true
            case .never: false
            case .auto: allowed.networks.count > Self.longestList
            }
        guard isTable else {
            self.value = allowed.networks.map(\.listForm).joined(separator: " ")
            self.table = nil
            return
        }
        self.value = PostfixTable.Name.networks.reference(version)
        // Postfix ignores the value beside a network; only the network's presence counts (postconf(5), mynetworks).
        self.table = PostfixTable(.networks, allowed.networks.map { "\($0) permit" })
    }
}

extension IPNetwork {
    /// The form that `mynetworks` has: IPv6 addresses in brackets.
    var listForm: String {
        family == .ipv4 ? description : "[\(address)]/\(prefixLength)"
    }
}
