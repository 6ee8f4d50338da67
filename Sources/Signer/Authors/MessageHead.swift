/// The facts about a message's headers that a policy goes by.
package struct MessageHead: Sendable, Equatable {
    package private(set) var authors = MessageAuthors.none
    /// The same with addresses that stand as display names without quotes.
    package private(set) var claimedAuthors = MessageAuthors.none
    /// The number of `From` fields; there should be one (RFC 5322, section 3.6).
    package private(set) var fromFields = 0
    /// Whether it says that it is a report such as a bounce (RFC 3462).
    package private(set) var isReport = false

    package init() {}

    package mutating func add(_ field: HeaderField) {
        switch field.key {
        case "from":
            fromFields += 1
            authors.add(field)
            claimedAuthors.add(field, takesNames: true)
        case "content-type":
            isReport = String(decoding: HeaderField.relaxed(field.value), as: UTF8.self).lowercased()
                .hasPrefix("multipart/report")
        default: break
        }
    }
}
