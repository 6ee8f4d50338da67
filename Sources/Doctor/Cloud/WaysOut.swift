import AWS
import Host
import Vocabulary

/// The ways from the instance's subnet to the internet, asked about once.
actor WaysOut {
    /// The answers of EC2 that were read.
    struct Reading: Sendable {
        let table: RouteTable
        /// The ranges of the prefix lists that the table names.
        var lists: [String: [IPNetwork]] = [:]
        /// Why one of the lists is not known.
        var failure: AWSFailure?
    }

    private let subnet: String
    private let vpc: String
    private let ec2: any EC2Describing & SubnetDescribing
    private var reading: Task<Reading?, any Error>?

    init(subnet: String, vpc: String, ec2: any EC2Describing & SubnetDescribing) {
        self.subnet = subnet
        self.vpc = vpc
        self.ec2 = ec2
    }

    /// Public addresses from all over the internet. None is from a range that is reserved, since firewalls and ACLs drop
    /// those.
    static let internet: [IPAddress] = [8, 64, 104, 150, 200].map { IPAddress(bytes: [$0, 0, 0, 25]) }
    /// A global unicast address (RFC 4291, section 2.4).
    private static let internet6 = IPAddress(bytes: [0x26] + [UInt8](repeating: 0, count: 14) + [0x25])

    /// - Returns: `nil` where the API knows no route table.
    func read() async throws -> Reading? {
        // Cancelling the caller does not cancel a task that others await, so the task has its own deadline.
        let task = reading ?? Task { try await within(.seconds(12)) { try await self.gather() } }
        reading = task
        return try await task.value
    }

    private func gather() async throws -> Reading? {
        guard let table = try await ec2.routeTable(ofSubnet: subnet, in: vpc) else { return nil }
        var reading = Reading(table: table)
        for list in table.prefixLists.sorted() {
            do throws(AWSFailure) {
                reading.lists[list] = try await ec2.entries(ofPrefixList: list)
            } catch {
                reading.failure = error
            }
        }
        return reading
    }

    /// The public addresses of the NAT gateway that the subnet's hosts leave by; none where they leave otherwise.
    func translatedAddresses() async throws -> [IPAddress] {
        guard let reading = try await read() else { return [] }
        let targets = Self.internet.compactMap { reading.table.route(to: $0, lists: reading.lists)?.target }
        var addresses: [IPAddress] = []
        for gateway in Set(targets.filter { $0.hasPrefix("nat-") }).sorted() {
            addresses += try await ec2.publicAddresses(ofNATGateway: gateway)
        }
        return addresses
    }

    /// Whether IPv6 leads to the internet.
    func hasIPv6() async throws -> Bool {
        guard let reading = try await read() else { return false }
        return reading.table.route(to: Self.internet6, lists: reading.lists).map { !$0.isBlackhole } ?? false
    }
}
