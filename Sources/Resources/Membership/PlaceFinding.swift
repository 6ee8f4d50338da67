/// Something that is wrong with a load balancer itself, as far as it can be seen from outside, with its cure.
package struct PlaceFinding: Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case healthCheckOfMail = "health-check-of-mail"
        case wrongHealthCheck = "wrong-health-check"
        case noListener = "no-load-balancer-listener"
        case otherVPC = "other-vpc"
        case wrongProtocol = "wrong-protocol"
        case wrongPort = "wrong-port"
        case zoneNotEnabled = "zone-not-enabled"
    }

    package let kind: Kind
    package let seen: String
    package let why: String
    /// In words; may be empty.
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

    /// Whether no mail comes through it as it is.
    package var stopsMail: Bool { kind != .healthCheckOfMail && kind != .wrongPort }

    /// The command, or else the words.
    package var cure: String { command.isEmpty ? advice : command }

    package var description: String {
        "\(seen), \(why)" + (advice.isEmpty ? "" : "; \(advice)") + (command.isEmpty ? "" : " ('\(command)')")
    }
}
