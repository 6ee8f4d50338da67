/// All that a milter goes by.
package struct MilterSettings: Sendable {
    /// Asked at the end of each message, so that new keys need no restart.
    let keys: @Sendable () -> KeyTable
    let policy: any MilterPolicy
    /// Asked at the beginning of each message.
    let headers: @Sendable () -> SignedHeaders
    /// The seconds for which signatures are valid; `nil` for ever.
    let lifetime: Int?
    /// The time in seconds since 1970.
    let time: @Sendable () -> Int
    /// Told of each message's end, and of each connection that broke the protocol.
    let observe: @Sendable (MilterOutcome) -> Void

    package init(
        keys: @escaping @Sendable () -> KeyTable,
        policy: any MilterPolicy = SignEverything(),
        headers: @escaping @Sendable () -> SignedHeaders = { .standard },
        lifetime: Int? = nil,
        time: @escaping @Sendable () -> Int,
        observe: @escaping @Sendable (MilterOutcome) -> Void = { _ in }
    ) {
        self.keys = keys
        self.policy = policy
        self.headers = headers
        self.lifetime = lifetime
        self.time = time
        self.observe = observe
    }
}

/// The end of a message or of a connection, for metrics and the log.
package enum MilterOutcome: Sendable, Equatable {
    /// Signed for these domains, one for each signature.
    case signed([String])
    case leftUnsigned
    /// No key belongs to the authors' domains.
    case noKey(MessageAuthors)
    case refused(MilterRefusal)
    /// The message was put off.
    case notSigned(SigningFailure)
    case protocolViolated(MilterFailure)
}
