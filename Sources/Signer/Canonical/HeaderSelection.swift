/// Chooses the fields that a list of names stands for: of several with one name, the last one first (RFC 6376, section
/// 5.4.2). A name that is listed more often than there are fields stands for nothing.
struct HeaderSelection {
    private var places: [String: [Int]] = [:]

    /// - Parameter keys: The names of the message's fields in lower case, in the message's order.
    init(_ keys: [String]) {
        for (place, key) in keys.enumerated() { places[key, default: []].append(place) }
    }

    /// The places of the chosen fields, in the order in which they are hashed.
    func places(of names: [String]) -> [Int] {
        var rest = places
        return names.compactMap { rest[$0]?.popLast() }
    }
}
