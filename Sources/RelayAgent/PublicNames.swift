import Host
import RelayNode
import Vocabulary

/// The name that DNS has for the node's public address, where the name leads back to it.
///
/// Passes come often and names change rarely, so a look counts for an hour; the next one is made beside the passes, which
/// do not wait for it. One that fails leaves the name as it was.
actor PublicNames {
    private let look: @Sendable (IPAddress) async throws -> DomainName?
    private let now: @Sendable () -> ContinuousClock.Instant
    private var known: Known?
    private(set) var renewal: Task<Void, Never>?

    private struct Known {
        let address: IPAddress
        var name: DomainName?
        /// When to look again.
        var isDueAt: ContinuousClock.Instant
    }

    private static let lifetime: Duration = .seconds(3600)
    /// The pause after a look that failed, or that is under way.
    private static let pause: Duration = .seconds(300)
    /// The time that the first pass may wait: a name server has a second chance in it.
    private static let patience: Duration = .seconds(3)

    init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        look: @escaping @Sendable (IPAddress) async throws -> DomainName?
    ) {
        self.now = now
        self.look = look
    }

    /// Asks the host's own name servers.
    init(files: FileSystem) {
        self.init { address in
            let resolver = NameResolver(files: files)
            return try await HostNames(servers: resolver.servers, resolver: resolver).confirmedName(of: address)
        }
    }

    /// - Parameter last: The name that the node went by before this program began, which counts until a look succeeds.
    func name(of address: IPAddress?, last: @Sendable () -> DomainName?) async -> DomainName? {
        guard let address else {
            known = nil
            return nil
        }
        guard let before = known, before.address == address else {
            known = Known(address: address, name: last(), isDueAt: now() + Self.pause)
            await renew(address)
            return known?.name
        }
        if now() >= before.isDueAt {
            known?.isDueAt = now() + Self.pause
            renewal = Task { await renew(address) }
        }
        return before.name
    }

    private func renew(_ address: IPAddress) async {
        let look = look
        guard let found = try? await within(Self.patience, { [try await look(address)] }), known?.address == address
        else { return }
        known = Known(address: address, name: found[0], isDueAt: now() + Self.lifetime)
    }
}
