import Synchronization
import Testing
import Vocabulary

@testable import RelayAgent

struct PublicNamesTests {
    /// Name servers that say what the test says, and the time that it is.
    private final class World: Sendable {
        private struct State {
            var answer: Result<String?, Silent> = .success("mail.example.com")
            var looks = 0
            var time = ContinuousClock.now
        }

        private let state = Mutex(State())

        var looks: Int { state.withLock { $0.looks } }
        var time: ContinuousClock.Instant { state.withLock { $0.time } }

        func answers(_ name: String?) { state.withLock { $0.answer = .success(name) } }
        func isSilent() { state.withLock { $0.answer = .failure(Silent()) } }
        func passes(_ time: Duration) { state.withLock { $0.time += time } }

        func look() throws -> DomainName? {
            try state.withLock { state in
                state.looks += 1
                return try state.answer.get().map { try DomainName($0) }
            }
        }
    }

    private struct Silent: Error {}

    private let world = World()
    private let names: PublicNames

    init() {
        names = PublicNames(now: { [world] in world.time }, look: { [world] _ in try world.look() })
    }

    private func name(_ address: String? = "198.51.100.7", last: String? = nil) async throws -> String? {
        let address = try address.map { try IPAddress($0) }
        let last = try last.map { try DomainName($0) }
        return await names.name(of: address) { last }?.description
    }

    @Test func aNameIsLookedUpOnceAnHourAndBesideThePasses() async throws {
        #expect(try await name() == "mail.example.com")
        world.answers("other.example.com")
        world.passes(.seconds(3599))
        #expect(try await name() == "mail.example.com")
        #expect(world.looks == 1)
        world.passes(.seconds(1))
        // This pass goes on with what is known.
        #expect(try await name() == "mail.example.com")
        await names.renewal?.value
        #expect(try await name() == "other.example.com")
        #expect(world.looks == 2)
    }

    @Test func serversThatDoNotAnswerLeaveTheNameAsItWas() async throws {
        world.isSilent()
        #expect(try await name(last: "mail.example.com") == "mail.example.com")
        world.passes(.seconds(299))
        #expect(try await name() == "mail.example.com")
        #expect(world.looks == 1)
        world.passes(.seconds(1))
        #expect(try await name() == "mail.example.com")
        await names.renewal?.value
        #expect(world.looks == 2)
        // The absence of a name is an answer, too.
        world.answers(nil)
        world.passes(.seconds(300))
        #expect(try await name() == "mail.example.com")
        await names.renewal?.value
        #expect(try await name() == nil)
    }

    @Test func anotherAddressIsLookedUpAtOnceAndNoneNotAtAll() async throws {
        #expect(try await name(nil, last: "mail.example.com") == nil)
        #expect(world.looks == 0)
        #expect(try await name("198.51.100.7") == "mail.example.com")
        world.answers("other.example.com")
        #expect(try await name("198.51.100.8") == "other.example.com")
        #expect(try await name(nil) == nil)
        #expect(world.looks == 2)
    }
}
