/// The headers that are signed, and those that are signed once more than they are there, so that nobody can add one.
package struct SignedHeaders: Sendable, Equatable {
    /// In the order of the tag `h`.
    let signed: [String]
    /// Signed once more than the message has them, also where it has none.
    let closed: Set<String>
    /// Signed once more only where the message has one, because a later relay adds a missing one (RFC 6409, section 8).
    let closedIfPresent: Set<String>

    /// The list of RFC 6376, section 5.4.1, and the headers that say how the body is shown.
    ///
    /// `From` is closed, because DMARC and readers go by it; so are the others that a reader sees or that change how the
    /// body is read. `Sender`, `Resent-*` and `List-*` are not closed: a mailing list may add them.
    /// `List-Unsubscribe-Post` is signed, as RFC 8058 demands it of one-click unsubscription.
    package static let standard = SignedHeaders(
        signed: [
            "from", "reply-to", "subject", "date", "to", "cc", "message-id", "sender", "in-reply-to", "references",
            "mime-version", "content-type", "content-transfer-encoding", "content-id", "content-description",
            "resent-date", "resent-from", "resent-sender", "resent-to", "resent-cc", "resent-message-id",
            "list-id", "list-help", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-post",
            "list-owner", "list-archive",
        ],
        closed: [
            "from", "reply-to", "subject", "to", "cc", "mime-version", "content-type", "content-transfer-encoding",
        ],
        closedIfPresent: ["date", "message-id"]
    )

    /// The same for a way out through Amazon SES, which replaces `Date` and `Message-ID` (SES Developer Guide, "Manual
    /// DKIM signing in Amazon SES").
    package static let throughSES = SignedHeaders(
        signed: standard.signed.filter { !standard.closedIfPresent.contains($0) },
        closed: standard.closed,
        closedIfPresent: []
    )

    /// Whether the field has to be kept until the end of the message.
    func includes(_ field: HeaderField) -> Bool { signed.contains(field.key) }

    /// The names of the tag `h` for a message that has these numbers of fields.
    func names(_ counts: [String: Int]) -> [String] {
        signed.flatMap { name in
            let count = counts[name] ?? 0
            let isClosed = closed.contains(name) || (count > 0 && closedIfPresent.contains(name))
            return Array(repeating: name, count: count + (isClosed ? 1 : 0))
        }
    }
}
