import FoundationEssentials
import Testing

@testable import RelayAgent

/// Fleets whose nodes share their account's API limits, by the agent's own code for passes, retries and waits.
///
/// `FLEET_NODES=2500` adds a fleet of that size; 'swift test --filter CrowdTests' shows what becomes of each.
struct CrowdTests {
    private static let more = ProcessInfo.processInfo.environment["FLEET_NODES"].flatMap { Int($0) }

    /// - Parameter seconds: The time until the last node is in service.
    @Test(arguments: [(1, 20), (20, 30), (100, 40), (600, 240)] + [more.map { ($0, 3600) }].compactMap(\.self))
    func aFleetThatIsLaunchedAtOnceComesIntoServiceAndThenAsksLittle(count: Int, seconds: Int) throws {
        let fleet = SimulatedFleet(of: count)
        try fleet.launch(within: .seconds(5))
        let end: Duration = .seconds(max(seconds, 300) + 600)
        fleet.time.run(until: end)
        fleet.time.stop()
        let nodes = fleet.all
        let last = nodes.compactMap(\.inServiceAt).max() ?? .zero
        #expect(nodes.allSatisfy { $0.inServiceAt != nil } && last <= .seconds(seconds))
        let idle = fleet.account.calls(in: end - .seconds(600)..<end)
        // Then a node asks once in each pass, and nothing is throttled. A larger fleet is only shown.
        if count <= 600 {
            #expect(idle.reduce(0, +) <= count * 10)
            #expect(fleet.account.throttled(in: end - .seconds(600)..<end) == 0)
        }
        print(
            """
            fleet of \(count): all in service after \(last.components.seconds) s; the node that asked most made \
            \(nodes.map(\.calls).max() ?? 0) calls in \(end.components.seconds) s; then \(idle.reduce(0, +) / 10) calls a minute, \
            \(idle.max() ?? 0) in a second at most
            """
        )
    }

    @Test(arguments: [1, 100])
    func afterAnOutageOfTheAPIAllNodesAreBackInTurn(count: Int) throws {
        let fleet = SimulatedFleet(of: count)
        try fleet.launch(within: .seconds(60))
        fleet.account.fail(in: .seconds(600)..<(.seconds(1200)))
        fleet.time.run(until: .seconds(1320))
        fleet.time.stop()
        // Each has asked since, and no more often than the API answers.
        #expect(fleet.all.allSatisfy { $0.provenAt.map { $0 >= .seconds(1200) } ?? false })
        #expect(fleet.account.throttled(in: .seconds(600)..<(.seconds(1320))) == 0)
        // In the outage a node asks every eight seconds: each question waits for five, and each pass for ten after the one before.
        #expect(fleet.account.calls(in: .seconds(900)..<(.seconds(1200))).reduce(0, +) <= count * 5 * 8)
    }

    @Test func aSimulationIsTheSameEachTime() throws {
        let ends = try (0..<2).map { _ in
            let fleet = SimulatedFleet(of: 50)
            try fleet.launch(within: .seconds(5))
            fleet.time.run(until: .seconds(300))
            fleet.time.stop()
            return fleet.all.map { [$0.calls, $0.failures, Int($0.inServiceAt?.components.seconds ?? -1)] }
        }
        #expect(ends[0] == ends[1])
    }
}
