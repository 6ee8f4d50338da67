import Host
import RelayTestSupport
import Resources
import Signer
import Synchronization
import Testing

@testable import RelayAgent

/// DNS is asked for keys seldom, and its silence takes nothing back.
struct KeyPublicationsTests {
    /// Name servers that say what the test says, and the time that it is.
    private final class World: DNSAnswering {
        private struct State {
            var texts: [String: [String]] = [:]
            var failure: DNSFailure?
            var asked = 0
            var time = 1_700_000_000
        }

        private let state = Mutex(State())

        var asked: Int { state.withLock { $0.asked } }
        var time: Int { state.withLock { $0.time } }

        func publish(_ record: PublicKeyRecord) { state.withLock { $0.texts[record.name] = [record.value] } }
        func withdraw() { state.withLock { $0.texts = [:] } }
        func isSilent(_ isSilent: Bool) { state.withLock { $0.failure = isSilent ? .timedOut : nil } }
        func passes(_ seconds: Int) { state.withLock { $0.time += seconds } }

        func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
            let (texts, failure) = state.withLock { state in
                state.asked += 1
                return (state.texts[name] ?? [], state.failure)
            }
            if let failure { throw failure }
            return texts.map { .text($0) }
        }
    }

    private let world = World()
    private let key: SigningKey

    init() throws { key = try SigningKey(domain: "example.com", selector: "r1", key: PrivateKey.generate(.ed25519)) }

    private func publications(_ files: FileSystem) -> KeyPublications {
        KeyPublications(files: files, now: { [world] in world.time }, names: { [world] in world })
    }

    private func standing(
        _ publications: KeyPublications,
        isHostAlone: Bool = false,
        asksAnew: Bool = false,
        keeps: Bool = true
    ) async throws -> KeyStanding? {
        try await publications.standings(
            of: [key],
            headers: .standard,
            isHostAlone: isHostAlone,
            asksAnew: asksAnew,
            keeps: keeps
        )[key.record]
    }

    @Test func aVerifiedKeyIsAskedForOnceAnHour() async throws {
        try await withTemporaryRoot { (files: FileSystem) async throws in
            world.publish(key.record)
            // A one-shot pass is a process of its own.
            for _ in 0..<3 { #expect(try await standing(publications(files)) == .published) }
            #expect(world.asked == 1)
            world.passes(3600)
            #expect(try await standing(publications(files)) == .published)
            #expect(try await standing(publications(files), asksAnew: true) == .published)
            #expect(world.asked == 3)
        }
    }

    @Test func aVerifiedKeyStaysSoWhileDNSIsSilent() async throws {
        try await withTemporaryRoot { (files: FileSystem) async throws in
            world.publish(key.record)
            let publications = publications(files)
            #expect(try await standing(publications) == .published)
            world.isSilent(true)
            world.passes(86400)
            // The question is asked again every five minutes, and after a boot.
            for _ in 0..<3 { #expect(try await standing(publications) == .published) }
            #expect(world.asked == 2)
            world.passes(300)
            #expect(try await standing(publications) == .published)
            #expect(try await standing(self.publications(files)) == .published)
            #expect(world.asked == 4)
        }
    }

    @Test func onlyAnAnswerTakesItBack() async throws {
        try await withTemporaryRoot { (files: FileSystem) async throws in
            world.publish(key.record)
            #expect(try await standing(publications(files)) == .published)
            world.withdraw()
            world.passes(3600)
            #expect(try await standing(publications(files)) == .unpublished(.missing))
            world.isSilent(true)
            #expect(try await standing(publications(files)) == .unanswered(.timedOut))
        }
    }

    @Test func aKeyThatIsNotPublishedIsAskedForInEachFullPass() async throws {
        try await withTemporaryRoot { (files: FileSystem) async throws in
            let publications = publications(files)
            #expect(try await standing(publications, isHostAlone: true) == .unpublished(.missing))
            #expect(try await standing(publications, isHostAlone: true) == .unpublished(.missing))
            #expect(world.asked == 1)
            world.publish(key.record)
            #expect(try await standing(publications) == .published)
            #expect(world.asked == 2)
        }
    }

    @Test func aPlanWritesNothingDown() async throws {
        try await withTemporaryRoot { (files: FileSystem) async throws in
            world.publish(key.record)
            #expect(try await standing(publications(files), keeps: false) == .published)
            #expect(PublishedKeys.file(files).read() == nil)
            #expect(try await standing(publications(files)) == .published)
            #expect(PublishedKeys.file(files).read()?.verification(of: key.record) == world.time)
        }
    }

    @Test func aClockThatWasPutBackMakesNoKeyGoodForLonger() async throws {
        try await withTemporaryRoot { (files: FileSystem) async throws in
            world.publish(key.record)
            #expect(try await standing(publications(files)) == .published)
            world.passes(-86400)
            #expect(try await standing(publications(files)) == .published)
            #expect(world.asked == 2)
        }
    }
}
