import RelayTestSupport
import Testing
import Vocabulary

struct AddressSetTests {
    /// Networks within the last 256 addresses of a family, which are few enough to be counted one by one.
    private func networks(_ chance: inout Chance, _ family: IPAddress.Family) -> [IPNetwork] {
        let high = [UInt8](repeating: 0xFF, count: family.bits / 8 - 1)
        return (0..<chance.below(8)).map { _ in
            let address = IPAddress(bytes: high + [UInt8(chance.below(256))])
            return IPNetwork(around: address, prefixLength: family.bits - chance.below(9))
        }
    }

    private func count(_ networks: [IPNetwork], without holes: [IPNetwork], _ family: IPAddress.Family) -> Int {
        let high = [UInt8](repeating: 0xFF, count: family.bits / 8 - 1)
        return (0...255).count { last in
            let address = IPAddress(bytes: high + [UInt8(last)])
            return networks.contains { $0.contains(address) } && !holes.contains { $0.contains(address) }
        }
    }

    @Test(arguments: [IPAddress.Family.ipv4, .ipv6])
    func aSetHasAsManyAddressesAsAreCountedOneByOne(family: IPAddress.Family) async {
        await fuzz(500) { chance in
            let (all, holes) = (networks(&chance, family), networks(&chance, family))
            let set = AddressSet(all, of: family).subtracting(AddressSet(holes, of: family))
            let count = count(all, without: holes, family)
            for bits in 0...8 {
                #expect(
                    set.isLarger(thanPrefix: family.bits - bits) == (count > 1 << bits),
                    "\(chance): \(all) - \(holes)"
                )
            }
        }
    }

    /// The same at the other end, where a sum of wide ranges may not overflow: each /8 stands for one address.
    @Test func wideRangesAreCountedToo() async {
        await fuzz(500) { chance in
            func networks() -> [IPNetwork] {
                (0..<chance.below(8)).map { _ in
                    let address = IPAddress(bytes: [UInt8(chance.below(256))] + [UInt8](repeating: 0, count: 15))
                    return IPNetwork(around: address, prefixLength: chance.below(9))
                }
            }
            let (all, holes) = (networks(), networks())
            let set = AddressSet(all, of: .ipv6).subtracting(AddressSet(holes, of: .ipv6))
            let count = (0...255).count { first in
                let address = IPAddress(bytes: [UInt8(first)] + [UInt8](repeating: 0, count: 15))
                return all.contains { $0.contains(address) } && !holes.contains { $0.contains(address) }
            }
            for bits in 0...7 {
                #expect(set.isLarger(thanPrefix: 8 - bits) == (count > 1 << bits), "\(chance): \(all) - \(holes)")
            }
        }
    }

    @Test func theOtherFamilyCountsForNothing() throws {
        let both = try [IPNetwork("0.0.0.0/0"), IPNetwork("2001:db8::/32")]
        #expect(AddressSet(both, of: .ipv4).isLarger(thanPrefix: 1))
        #expect(!AddressSet(both, of: .ipv6).isLarger(thanPrefix: 32))
        #expect(AddressSet(both, of: .ipv6).isLarger(thanPrefix: 33))
    }
}
