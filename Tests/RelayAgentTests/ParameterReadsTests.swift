import AWS
import Synchronization
import Testing
import Vocabulary

@testable import RelayAgent

struct ParameterReadsTests {
    /// A store that counts its answers.
    private final class Store: ParameterReading {
        private let answers = Mutex(0)

        var count: Int { answers.withLock { $0 } }

        func parameter(_ name: ParameterName) -> Secret {
            answers.withLock { $0 += 1 }
            return Secret("one")
        }
    }

    private struct Wrong: Error {}

    private let reads = ParameterReads()
    private let store = Store()
    private let name: ParameterName

    init() throws { name = try ParameterName("/relay/password") }

    private func again(_ scope: PassScope = .everything) async throws -> String? {
        try await reads.readAgain(name, from: store, scope: scope, interval: .seconds(60)) { $0 }
    }

    @Test func aKnownValueWaitsForItsTurn() async throws {
        #expect(try await reads.read(name, from: store) { $0 } == "one")
        #expect(try await again() == nil)
        #expect(store.count == 1)
    }

    @Test func aLookAtTheHostAloneAsksNobody() async throws {
        #expect(try await again(.host) == nil)
        #expect(store.count == 0)
        #expect(try await again() == "one")
    }

    @Test func oneThatCouldNotBeReadIsDueAgain() async throws {
        for _ in 0..<2 {
            await #expect(throws: Wrong.self) {
                try await reads.readAgain(name, from: store, scope: .everything, interval: .seconds(60)) { _ in
                    throw Wrong()
                }
            }
        }
        #expect(try await again() == "one")
        #expect(store.count == 3)
    }

    @Test func itsTurnComesEachFifthInterval() {
        let start = ContinuousClock.now
        #expect(reads.isDue(name, every: .seconds(300), at: start))
        #expect(!reads.isDue(name, every: .seconds(300), at: start + .seconds(299)))
        #expect(reads.isDue(name, every: .seconds(300), at: start + .seconds(300)))
    }
}
