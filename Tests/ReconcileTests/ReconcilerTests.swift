import Reconcile
import Synchronization
import Testing

/// A resource that is wrong until it is applied.
private final class Part: Resource {
    let name: String
    let onceConverged: String?
    let isRight: Mutex<Bool>
    let failure: Failure?

    struct Failure: Error {}

    init(_ name: String, right: Bool = false, onceConverged: String? = nil, failure: Failure? = nil) {
        self.name = name
        self.onceConverged = onceConverged
        self.isRight = Mutex(right)
        self.failure = failure
    }

    func check() async throws -> Check {
        if isRight.withLock({ $0 }) { return .inSync }
        return .drifted(
            Drift([Change(.file, "mend \(name)")]) { [self] in
                if let failure { throw failure }
                isRight.withLock { $0 = true }
            }
        )
    }
}

struct ReconcilerTests {
    @Test func putsRightWhatDiffersAndNothingElse() async throws {
        let parts = [Part("a"), Part("b", right: true), Part("c")]
        let first = try await Reconciler(parts).converge { _ in }
        #expect(first.map(\.summary) == ["mend a", "mend c"])
    }

    @Test func aSecondPassChangesNothing() async throws {
        let reconciler = Reconciler([Part("a"), Part("b")])
        _ = try await reconciler.converge { _ in }
        #expect(try await reconciler.converge { _ in }.isEmpty)
        #expect(try await reconciler.plan().isEmpty)
    }

    @Test func planningChangesNothing() async throws {
        let part = Part("a")
        let plan = try await Reconciler([part]).plan()
        #expect(plan.changes.map(\.summary) == ["mend a"])
        #expect(!part.isRight.withLock { $0 })
    }

    @Test func planSaysWhatCanBeToldOnlyLater() async throws {
        let plan = try await Reconciler([Part("a"), Part("late", onceConverged: "join")]).plan()
        #expect(plan.entries.last?.finding == .afterOtherChanges("join"))
    }

    @Test func stopsAtTheFirstFailureAndNamesIt() async throws {
        let last = Part("c")
        do {
            _ = try await Reconciler([Part("a"), Part("b", failure: Part.Failure()), last]).converge { _ in }
            Issue.record("a failing resource must fail the pass")
        } catch {
            #expect(error.resource == "b")
        }
        #expect(!last.isRight.withLock { $0 })
    }

    @Test func tellsEachStep() async throws {
        var events: [String] = []
        _ = try await Reconciler([Part("a"), Part("b", right: true)]).converge { event in
            switch event {
            case .inSync(let name): events.append("= \(name)")
            case .applying(let name, _): events.append("> \(name)")
            case .applied(let name, _): events.append("+ \(name)")
            }
        }
        #expect(events == ["> a", "+ a", "= b"])
    }
}
