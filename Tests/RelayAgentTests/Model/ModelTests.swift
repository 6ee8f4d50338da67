import RelayTestSupport
import Testing

/// Passes over a node of which everything is faked, through sequences of what happens to nodes, made by chance.
///
/// The doors answer by what Postfix has loaded, so the promises are looked at from outside. For a longer run, see `fuzz`.
struct ModelTests {
    /// The runs that once broke a promise, as the test below found and shrank them.
    @Test(arguments: [
        // The health unit had published before the first pass came to it, and the guard knew of no proof to judge by.
        [ModelStep.edit(.openPort), .reload, .grace]
    ])
    func whatWasFoundOnceIsMended(steps: [ModelStep]) async throws {
        let broken = try await ModelRun.brokenPromise(by: steps)
        #expect(broken == nil, "\(broken.map { "\($0)" } ?? "")")
    }

    @Test func thePromisesHoldWhateverHappens() async throws {
        try await fuzz(4) { chance in
            let steps = (0..<(2 + chance.below(8))).flatMap { _ in ModelStep.random(&chance) } + [.pass(isWhole: true)]
            guard let first = try await ModelRun.brokenPromise(by: steps) else { return }
            let (shortest, broken) = try await shrink(Array(steps.prefix(first.step + 1)), first)
            let text = shortest.map { "            \($0)," }.joined(separator: "\n")
            Issue.record(
                """
                \(chance): \(broken)
                To see it again:
                    @Test func aSequenceThatBrokeAPromise() async throws {
                        let steps: [ModelStep] = [
                \(text)
                        ]
                        #expect(try await ModelRun.brokenPromise(by: steps) == nil)
                    }
                """
            )
        }
    }

    /// The steps without those that the same broken promise does not need.
    private func shrink(_ steps: [ModelStep], _ broken: BrokenPromise) async throws -> ([ModelStep], BrokenPromise) {
        var (steps, broken) = (steps, broken)
        var index = 0
        while index < steps.count {
            var candidates = [steps.without(index)]
            if case .interrupted = steps[index] {
                candidates.append(steps.replacing(index, with: .pass(isWhole: false)))
            }
            var isShorter = false
            for candidate in candidates {
                guard let still = try await ModelRun.brokenPromise(by: candidate), still.kind == broken.kind else {
                    continue
                }
                (steps, broken, isShorter) = (Array(candidate.prefix(still.step + 1)), still, true)
                break
            }
            index = isShorter ? 0 : index + 1
        }
        return (steps, broken)
    }
}

extension BrokenPromise {
    /// The promise, whatever it was seen by.
    fileprivate var kind: Substring { promise.prefix { $0 != ":" } }
}

extension [ModelStep] {
    fileprivate func without(_ index: Int) -> [ModelStep] {
        var steps = self
        steps.remove(at: index)
        return steps
    }

    fileprivate func replacing(_ index: Int, with step: ModelStep) -> [ModelStep] {
        var steps = self
        steps[index] = step
        return steps
    }
}
