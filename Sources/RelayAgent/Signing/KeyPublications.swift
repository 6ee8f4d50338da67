import Host
import Resources
import Signer
import SystemPackage
import Vocabulary

/// Asks DNS for the records of the node's keys, as seldom as will do.
///
/// A key that was verified stays so while DNS does not answer: only an answer takes that back.
actor KeyPublications {
    private let files: FileSystem
    private let names: @Sendable () -> any DNSAnswering
    private let now: @Sendable () -> Int
    /// The last question about a key that this process has asked, and its outcome.
    private var last: [PublicKeyRecord: (standing: KeyStanding, askedAt: Int)] = [:]

    /// Seconds for which a verified key is not asked for again.
    private static let lifetime = 3600
    /// Seconds after a question about a verified key that was not answered.
    private static let pause = 300
    /// The time that one question may take: a name server has a second chance in it.
    private static let patience: Duration = .seconds(5)

    /// - Parameters:
    ///   - now: Seconds since 1970.
    ///   - names: The name servers to ask, which may change with the host's files.
    init(
        files: FileSystem,
        now: @escaping @Sendable () -> Int = { Timestamp.seconds },
        names: @escaping @Sendable () -> any DNSAnswering
    ) {
        self.files = files
        self.now = now
        self.names = names
    }

    /// Asks the host's own name servers.
    init(files: FileSystem) {
        self.init(files: files) {
            let resolver = NameResolver(files: files)
            return HostNames(servers: resolver.servers, resolver: resolver)
        }
    }

    /// The standing of each key, by its record.
    ///
    /// - Parameters:
    ///   - headers: Those that are signed.
    ///   - isHostAlone: Whether only keys that nothing is known about are asked for.
    ///   - asksAnew: Whether all are.
    ///   - keeps: Whether the answers are kept for later processes.
    /// - Throws: `CancellationError`.
    func standings(
        of keys: [SigningKey],
        headers: SignedHeaders,
        isHostAlone: Bool,
        asksAnew: Bool = false,
        keeps: Bool
    ) async throws -> [PublicKeyRecord: KeyStanding] {
        let file = PublishedKeys.file(files)
        var published = file.read() ?? PublishedKeys()
        var standings: [PublicKeyRecord: KeyStanding] = [:]
        var due: [SigningKey] = []
        for key in keys {
            let verifiedAt = published.verification(of: key.record)
            standings[key.record] = verifiedAt == nil ? last[key.record]?.standing : .published
            let isDue = verifiedAt.map { isDueAgain(key.record, verifiedAt: $0) } ?? true
            if standings[key.record] == nil || asksAnew || (isDue && !isHostAlone) { due.append(key) }
        }
        guard !due.isEmpty else { return standings }
        for (record, answer) in await answers(due, headers) {
            let isKnown = published.verification(of: record) != nil
            switch answer {
            case .published: published.add(record, at: now())
            case .unpublished: published.remove(record)
            case .unanswered: break
            }
            if case .unanswered = answer, isKnown {
                standings[record] = .published
            } else {
                standings[record] = answer
            }
            last[record] = (answer, now())
        }
        try Task.checkCancellation()
        // Without room for it, the next process asks again.
        if keeps { try? keep(published, file) }
        return standings
    }

    private func isDueAgain(_ record: PublicKeyRecord, verifiedAt: Int) -> Bool {
        let time = now()
        // A clock that was put back makes no key good for longer.
        guard verifiedAt <= time, time - verifiedAt < Self.lifetime else {
            return last[record].map { time - $0.askedAt >= Self.pause } ?? true
        }
        return false
    }

    private func keep(_ published: PublishedKeys, _ file: StateFile<PublishedKeys>) throws {
        try files.createDirectory(SigningKeyRing.folder.removingLastComponent())
        try files.createDirectory(SigningKeyRing.folder, permissions: .onlyOwner)
        try file.write(published)
    }

    /// The answers about several keys, asked for at the same time.
    private func answers(_ keys: [SigningKey], _ headers: SignedHeaders) async -> [(PublicKeyRecord, KeyStanding)] {
        let (names, time) = (names(), now())
        return await withTaskGroup(of: (PublicKeyRecord, KeyStanding).self) { group in
            for key in keys {
                group.addTask { (key.record, await Self.answer(key, headers, names, at: time)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func answer(
        _ key: SigningKey,
        _ headers: SignedHeaders,
        _ names: any DNSAnswering,
        at time: Int
    ) async -> KeyStanding {
        do {
            let texts = try await within(patience) { try await names.texts(key.record.name) }
            try key.verify(against: texts, headers: headers, at: time)
            return .published
        } catch let fault as PublicationFault {
            return .unpublished(fault)
        } catch {
            return .unanswered(error as? DNSFailure ?? .timedOut)
        }
    }
}
