/// Something that is wrong with a load balancer itself, as far as it can be seen from outside, with its cure.
package struct PlaceFinding: Sendable, Equatable, CustomStringConvertible {
    /// The doctor's registry of findings says how grave each is.
    package enum Kind: Sendable {
        case healthCheckOfMail
        case wrongHealthCheck
        case noListener
        case otherVPC
        case wrongProtocol
        case wrongPort
        case zoneNotEnabled
        case refusesIPv6Senders
        case handOverRefused
    }

    package let kind: Kind
    package let seen: String
    package let why: String
    /// The advice in words; may be empty.
    package let advice: String
    /// May be empty.
    package let command: String

    init(_ kind: Kind, seen: String, why: String, advice: String = "", command: String = "") {
        self.kind = kind
        self.seen = seen
        self.why = why
        self.advice = advice
        self.command = command
    }

    /// The finding for load balancers that show nodes each other's own addresses.
    static func handOver(of node: RegisteredInstance) -> PlaceFinding? {
        guard node.isProxied, let refusal = node.whyRefused else { return nil }
        return PlaceFinding(
            .handOverRefused,
            seen: "the other relays see this node's own address, \(refusal.address), which is not in mail.networks",
            why: "so when it leaves, its queued mail stays on its disk",
            advice: "name the relays' subnets in mail.networks, too, or set shutdown.evacuate_queue = false"
        )
    }

    /// The command, or else the words.
    package var cure: String { command.isEmpty ? advice : command }

    package var description: String {
        "\(seen), \(why)" + (advice.isEmpty ? "" : "; \(advice)") + (command.isEmpty ? "" : " ('\(command)')")
    }
}
