/// The headers that are signed, in their relaxed form, held until the message's end. Their size is limited, so that no
/// message can fill the memory.
struct HeldHeaders {
    private let selection: SignedHeaders
    private var fields: [(key: String, canonical: [UInt8])] = []
    private var size = 0

    /// Whether the message has more headers to sign than are held.
    private(set) var isOverfull = false

    static let sizeLimit = 1 << 20
    static let countLimit = 1000

    init(_ selection: SignedHeaders) { self.selection = selection }

    mutating func add(_ field: HeaderField) {
        guard selection.includes(field) else { return }
        let canonical = field.canonical(.relaxed)
        guard size + canonical.count <= Self.sizeLimit, fields.count < Self.countLimit else {
            isOverfull = true
            return
        }
        size += canonical.count
        fields.append((field.key, canonical))
    }

    /// Whether all fields of these names are held, so that a signature of them can be checked.
    func hold(_ names: [String]) -> Bool { names.allSatisfy(selection.signed.contains) }

    /// The names of the tag `h`.
    var names: [String] {
        selection.names(Dictionary(fields.map { ($0.key, 1) }, uniquingKeysWith: +))
    }

    /// The bytes that are hashed for those names.
    func canonical(_ names: [String]) -> [UInt8] {
        HeaderSelection(fields.map(\.key)).places(of: names).flatMap { fields[$0].canonical }
    }
}
