/// The decision about a message.
package enum MilterVerdict: Sendable, Equatable {
    /// Goes on, and signs the message with its authors' keys.
    case sign
    /// Lets the message pass as it is, such as mail that another relay signed already.
    case leaveUnsigned
    case refuse(MilterRefusal)
}

/// Decides which messages are signed, left alone or refused.
package protocol MilterPolicy: Sendable {
    /// Asked at `MAIL FROM`. A message that is left unsigned here is not seen again.
    func verdict(on envelope: MilterEnvelope) -> MilterVerdict

    /// Asked at the message's end.
    func verdict(on envelope: MilterEnvelope, head: MessageHead) -> MilterVerdict
}

/// The facts about a message at `MAIL FROM`.
package struct MilterEnvelope: Sendable, Equatable {
    package let client: MilterClient?
    /// The client's greeting; empty where it did not greet.
    package let hello: String
    /// Without angle brackets; empty for a bounce.
    package let sender: String
    /// The macros that came with the connection and the sender, such as `{auth_authen}` and `{daemon_name}`.
    package let macros: [String: String]

    package init(client: MilterClient?, hello: String = "", sender: String, macros: [String: String] = [:]) {
        self.client = client
        self.hello = hello
        self.sender = sender
        self.macros = macros
    }
}

/// Signs all messages for whose authors there is a key.
package struct SignEverything: MilterPolicy {
    package init() {}

    package func verdict(on envelope: MilterEnvelope) -> MilterVerdict { .sign }

    package func verdict(on envelope: MilterEnvelope, head: MessageHead) -> MilterVerdict { .sign }
}
