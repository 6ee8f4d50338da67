/// A table under construction. Its origin decides what may still be added to it.
final class TOMLTableBuilder {
    enum Origin {
        /// The header of a table inside it: its own header, or a key with dots, may follow.
        case implied
        /// Its own header, its brace, or the start of the file.
        case header
        /// A key with dots: more such keys may follow, but no header.
        case dotted
    }

    private enum Node {
        case value(TOMLValue)
        case table(TOMLTableBuilder)
        case tables(Elements)
    }

    /// The tables of a `[[name]]`.
    private final class Elements {
        var tables: [TOMLTableBuilder] = []
    }

    private struct Entry {
        let key: String
        let position: TOMLPosition
        let node: Node
    }

    private var origin: Origin
    private let position: TOMLPosition
    private var entries: [Entry] = []
    /// The index of each key's entry. Keys are compared by their bytes; two Swift strings are equal in more cases.
    private var places: [[UInt8]: Int] = [:]

    init(_ origin: Origin, at position: TOMLPosition) {
        self.origin = origin
        self.position = position
    }

    /// The table that was read so far.
    var table: TOMLTable {
        TOMLTable(
            entries: entries.map { entry in
                TOMLTable.Entry(key: entry.key, position: entry.position, value: Self.value(of: entry))
            }
        )
    }

    private static func value(of entry: Entry) -> TOMLValue {
        switch entry.node {
        case .value(let value): value
        case .table(let table): table.value
        case .tables(let elements):
            TOMLValue(content: .array(elements.tables.map(\.value)), position: entry.position)
        }
    }

    private var value: TOMLValue { TOMLValue(content: .table(table), position: position) }

    private func entry(_ key: String) -> Entry? { places[Array(key.utf8)].map { entries[$0] } }

    private func add(_ key: String, _ node: Node, at position: TOMLPosition) {
        places[Array(key.utf8)] = entries.count
        entries.append(Entry(key: key, position: position, node: node))
    }

    private func addTable(_ key: String, _ origin: Origin, at position: TOMLPosition) -> TOMLTableBuilder {
        let table = TOMLTableBuilder(origin, at: position)
        add(key, .table(table), at: position)
        return table
    }

    /// Adds `path = value`.
    func set(_ path: [String], _ value: TOMLValue, at position: TOMLPosition) throws(TOMLError) {
        var table = self
        for (index, key) in path.dropLast().enumerated() {
            guard let entry = table.entry(key) else {
                table = table.addTable(key, .dotted, at: position)
                continue
            }
            guard case .table(let next) = entry.node, next.origin != .header else {
                throw Self.noKeys(path[...index], at: position, in: entry)
            }
            next.origin = .dotted
            table = next
        }
        let key = path[path.count - 1]
        if let entry = table.entry(key) { throw .repeated(Self.name(path[...]), at: position, first: entry.position) }
        table.add(key, .value(value), at: position)
    }

    /// Adds `[path]` to this, the table of the file.
    func openTable(_ path: [String], at position: TOMLPosition) throws(TOMLError) -> TOMLTableBuilder {
        let parent = try parent(of: path, at: position)
        let key = path[path.count - 1]
        guard let entry = parent.entry(key) else { return parent.addTable(key, .header, at: position) }
        guard case .table(let table) = entry.node, table.origin == .implied else {
            throw .repeated("[\(Self.name(path[...]))]", at: position, first: entry.position)
        }
        table.origin = .header
        return table
    }

    /// Adds `[[path]]` to this, the table of the file.
    func appendTable(_ path: [String], at position: TOMLPosition) throws(TOMLError) -> TOMLTableBuilder {
        let parent = try parent(of: path, at: position)
        let key = path[path.count - 1]
        let table = TOMLTableBuilder(.header, at: position)
        switch parent.entry(key) {
        case nil:
            let elements = Elements()
            elements.tables = [table]
            parent.add(key, .tables(elements), at: position)
        case let entry?:
            guard case .tables(let elements) = entry.node else {
                throw .repeated("[[\(Self.name(path[...]))]]", at: position, first: entry.position)
            }
            elements.tables.append(table)
        }
        return table
    }

    /// The table that the last key of a header stands in.
    private func parent(of path: [String], at position: TOMLPosition) throws(TOMLError) -> TOMLTableBuilder {
        var table = self
        for (index, key) in path.dropLast().enumerated() {
            guard let entry = table.entry(key) else {
                table = table.addTable(key, .implied, at: position)
                continue
            }
            switch entry.node {
            case .table(let next): table = next
            case .tables(let elements): table = elements.tables[elements.tables.count - 1]
            case .value: throw Self.noKeys(path[...index], at: position, in: entry)
            }
        }
        return table
    }

    /// Why no key can be added below an entry.
    private static func noKeys(_ path: ArraySlice<String>, at position: TOMLPosition, in entry: Entry) -> TOMLError {
        if case .value(let value) = entry.node, !value.isTable {
            return .notATable(name(path), at: position, first: entry.position)
        }
        return .closedTable(name(path), at: position, first: entry.position)
    }

    private static func name(_ path: ArraySlice<String>) -> String { path.map(\.keyForTOML).joined(separator: ".") }
}
