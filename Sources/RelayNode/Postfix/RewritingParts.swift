import Vocabulary

/// The parameters and the table by which senders leave as others.
struct RewritingParts: Sendable, Equatable {
    let parameters: [PostfixConfiguration.Parameter]
    let tables: [PostfixTable]

    init(_ rewriting: SenderRewriting, version: PostfixVersion) {
        typealias Parameter = PostfixConfiguration.Parameter
        guard rewriting.isSet else {
            self.parameters = []
            self.tables = []
            return
        }
        var parameters = [
            // Otherwise the headers of mail from other hosts stay as they are (ADDRESS_REWRITING_README).
            Parameter("local_header_rewrite_clients", "permit_inet_interfaces, permit_mynetworks")
        ]
        if !rewriting.masquerade.isEmpty {
            parameters += [
                Parameter("masquerade_domains", rewriting.masquerade.map(\.description).joined(separator: ", ")),
                // By default, receivers in headers are changed too.
                Parameter("masquerade_classes", "envelope_sender, header_sender"),
            ]
        }
        guard !rewriting.map.isEmpty else {
            self.parameters = parameters
            self.tables = []
            return
        }
        let table = PostfixTable(.senders, rewriting.ordered.map { "\(Self.pattern(of: $0.from)) \($0.to)" })
        self.parameters = parameters + [Parameter("sender_canonical_maps", table.name.reference(version))]
        self.tables = [table]
    }

    /// A table of patterns is the one that each Postfix reads as it is, and the only one with subdomains. It is asked for
    /// whole addresses, without regard to case.
    private static func pattern(of sender: SenderPattern) -> String {
        func escaped(_ text: String) -> String {
            text.map { $0 == "." || $0 == "+" ? "\\\($0)" : "\($0)" }.joined()
        }
        return switch sender {
        case .address(let address): "/^\(escaped("\(address)"))$/"
        case .domain(let domain): "/@\(escaped("\(domain)"))$/"
        case .subdomains(let domain): "/@[^@]+\\.\(escaped("\(domain)"))$/"
        }
    }
}
