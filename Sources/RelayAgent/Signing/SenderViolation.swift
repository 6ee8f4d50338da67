import Vocabulary

/// Why mail is refused, in the words that the application's developer reads.
struct SenderViolation: Sendable, Equatable, CustomStringConvertible {
    enum Reason: Sendable, Equatable {
        case sender(String)
        case author(String)
        case noFrom
        case severalFroms(Int)
        /// No address with a domain in it, or more than one way to read it.
        case unreadableFrom
    }

    let reason: Reason
    let permitted: [SenderPattern]

    var description: String {
        switch reason {
        case .sender(let address): "envelope sender <\(short(address))> may not send through this relay: use \(example)"
        case .author(let address): "From <\(short(address))> may not send through this relay: use \(example)"
        case .noFrom: "the message has no From header: add one with \(example)"
        case .severalFroms(let count): "the message has \(count) From headers: send one, with \(example)"
        case .unreadableFrom:
            "the From header has no address that can be read: write From: Name <name@domain>, with \(example)"
        }
    }

    private var example: String {
        let words = permitted.prefix(3).map { pattern in
            switch pattern {
            case .domain(let domain): "an address of \(domain)"
            case .subdomains(let domain): "an address of a subdomain of \(domain)"
            case .address(let address): "\(address)"
            }
        }
        return (words + ["have the relay's operator add yours to mail.senders"]).joined(separator: ", or ")
    }

    private func short(_ address: String) -> String { String(address.prefix(100)) }
}
