/// The addresses of a message's `From` fields. DMARC and readers go by them.
package enum MessageAuthors: Sendable, Equatable {
    case mailboxes([Mailbox])
    /// A field that can be read in more than one way or not at all.
    case unreadable

    private static let limit = 1000

    package static let none = MessageAuthors.mailboxes([])

    /// The addresses; none where a field was unreadable.
    package var mailboxes: [Mailbox] {
        if case .mailboxes(let mailboxes) = self { mailboxes } else { [] }
    }

    /// Takes another field into account; all but `From` are ignored.
    mutating func add(_ field: HeaderField, takesNames: Bool = false) {
        guard field.key == "from", case .mailboxes(let known) = self else { return }
        guard let further = AddressList.mailboxes(in: field.value, takesNames: takesNames),
            known.count + further.count <= Self.limit
        else {
            self = .unreadable
            return
        }
        self = .mailboxes(known + further)
    }
}
