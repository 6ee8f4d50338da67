package import Host
import RelayNode
package import SMTP
import SystemPackage
package import Vocabulary

/// The way from a sender to the load balancer in front of its relays.
package struct RelayHostWay: Sendable {
    package let relayhost: RelayHost
    private let names: HostNames
    /// This host's own addresses and names.
    private let own: [IPAddress]
    private let ownNames: [String]

    package init(_ relayhost: RelayHost, files: FileSystem) {
        let resolver = NameResolver(files: files)
        let main = PostfixFiles(files: files).mainCf
        let kernel = (try? files.bytes(at: "/proc/sys/kernel/hostname")) ?? []
        let hostname = String(decoding: kernel, as: UTF8.self).filter { !$0.isNewline }
        self.init(
            relayhost,
            names: HostNames(servers: resolver.servers, resolver: resolver),
            own: HostAddresses.current(),
            ownNames: [hostname, MainCf(main)["myhostname"] ?? ""]
        )
    }

    init(_ relayhost: RelayHost, names: HostNames, own: [IPAddress], ownNames: [String]) {
        self.relayhost = relayhost
        self.names = names
        self.own = own
        self.ownNames = ownNames.map { $0.lowercased() }
    }

    /// The load balancer's addresses, as Postfix looks them up: by DNS alone (postconf(5), smtp_host_lookup).
    func addresses() async throws(DNSFailure) -> [IPAddress] {
        switch relayhost.host {
        case .address(let address): [address]
        case .name(let name): try await names.addresses("\(name)")
        }
    }

    /// Looks whether mail would come back to this host itself.
    ///
    /// - Returns: The load balancer's addresses.
    /// - Throws: `RelayHostIsThisHost`, or a `DNSFailure`.
    @discardableResult
    package func expectAnotherHost() async throws -> [IPAddress] {
        if case .name(let name) = relayhost.host, ownNames.contains("\(name)") {
            throw RelayHostIsThisHost(relayhost: relayhost, by: "\(name)")
        }
        let addresses = try await addresses()
        if let address = addresses.first(where: own.contains) {
            throw RelayHostIsThisHost(relayhost: relayhost, by: "\(address)")
        }
        return addresses
    }

    /// Connects through the load balancer until a relay greets. No message is sent.
    ///
    /// - Returns: The address that did.
    /// - Throws: `RelayHostUnknown`, `RelayHostUnreachable`, or what `expectAnotherHost` throws.
    @discardableResult
    package func greet() async throws -> IPAddress {
        let addresses = try await expectAnotherHost()
        guard !addresses.isEmpty else { throw RelayHostUnknown(relayhost: relayhost) }
        var failures: [SMTPFailure] = []
        for address in addresses.prefix(3) {
            do {
                let server = SMTPServer(address, port: relayhost.port)
                try await SMTPSession.withSession(to: server, greeting: Self.name, timeout: .seconds(8)) { _ in }
                return address
            } catch let failure as SMTPFailure {
                failures.append(failure)
            }
        }
        throw RelayHostUnreachable(relayhost: relayhost, failures: failures)
    }

    private static let name = "smtp-relay-agent.invalid"
}

/// A sender's mail would come back to it.
package struct RelayHostIsThisHost: Error, CustomStringConvertible {
    package let relayhost: RelayHost
    /// The address or the name of this host's own.
    package let by: String

    package var description: String {
        """
        sender.relayhost: \(relayhost) is this host itself (\(by)), so mail would go round in circles; set it to the load \
        balancer in front of the relays
        """
    }
}

/// The load balancer's name has no address.
package struct RelayHostUnknown: Error, CustomStringConvertible {
    package let relayhost: RelayHost

    package var description: String { "the name in sender.relayhost, \(relayhost), has no address" }
}

/// No relay greets at the load balancer.
package struct RelayHostUnreachable: Error, CustomStringConvertible {
    package let relayhost: RelayHost
    package let failures: [SMTPFailure]

    package var description: String {
        """
        no relay answers at \(relayhost): \(failures.map(\.description).joined(separator: "; ")); \
        'smtp-relay-agent doctor' says more, here and on the relays
        """
    }
}
