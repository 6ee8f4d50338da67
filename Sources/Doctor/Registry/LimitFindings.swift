extension FindingKind {
    static let senderOverLimit = FindingKind(
        "sender-over-limit",
        .warning,
        seen: "A sender sent more in the last hour than mail.limits allows; the finding names its address.",
        why: "its mail waits on that host and is late; the other senders' mail is not",
        cure: "look on that host for what sends so much, or raise the limit in mail.limits"
    )
}
