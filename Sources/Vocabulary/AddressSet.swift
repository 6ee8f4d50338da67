/// A set of addresses of one family, as ranges in ascending order that do not overlap.
package struct AddressSet: Sendable {
    private let family: IPAddress.Family
    private var ranges: [ClosedRange<UInt128>]

    /// The addresses of all networks of a family together.
    package init(_ networks: some Sequence<IPNetwork>, of family: IPAddress.Family) {
        self.family = family
        self.ranges = []
        let sorted = networks.filter { $0.family == family }.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
        for range in sorted {
            guard let last = ranges.last, range.lowerBound <= last.upperBound else {
                ranges.append(range)
                continue
            }
            ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
        }
    }

    private init(_ ranges: [ClosedRange<UInt128>], of family: IPAddress.Family) {
        (self.ranges, self.family) = (ranges, family)
    }

    /// The addresses that are not in another set of the same family.
    package func subtracting(_ other: AddressSet) -> AddressSet {
        precondition(family == other.family, "addresses of two families have nothing in common")
        return AddressSet(ranges.flatMap { Self.rest(of: $0, without: other.ranges) }, of: family)
    }

    private static func rest(
        of range: ClosedRange<UInt128>,
        without holes: [ClosedRange<UInt128>]
    ) -> [ClosedRange<UInt128>] {
        var rest: [ClosedRange<UInt128>] = []
        var start = range.lowerBound
        for hole in holes where hole.overlaps(range) {
            if hole.lowerBound > start { rest.append(start...(hole.lowerBound - 1)) }
            guard hole.upperBound < range.upperBound else { return rest }
            start = hole.upperBound + 1
        }
        return rest + [start...range.upperBound]
    }

    /// Whether these are more addresses than one network of that length has.
    package func isLarger(thanPrefix length: Int) -> Bool {
        precondition((1...family.bits).contains(length), "the prefix fits the address family")
        var room = UInt128(1) << UInt128(family.bits - length)
        for range in ranges {
            // The whole of IPv6 has one address more than can be counted, so each range is counted without its last one.
            let count = range.upperBound - range.lowerBound
            if count >= room { return true }
            room -= count + 1
        }
        return false
    }
}

extension IPNetwork {
    /// The first and the last address, as numbers.
    fileprivate var range: ClosedRange<UInt128> {
        let first = address.bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        let free = family.bits - prefixLength
        return first...(first | (free == 128 ? .max : (UInt128(1) << UInt128(free)) - 1))
    }
}
