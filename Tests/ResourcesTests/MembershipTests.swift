import Reconcile
import Resources
import Synchronization
import Testing

struct MembershipTests {
    /// A place in a load balancer of no kind in particular, with calls kept.
    private final class FakePlace: LoadBalancerPlace {
        struct Refused: Error {}

        private let standings: Mutex<[Standing]>
        private let record = Mutex<[String]>([])
        private let isRefused: Bool
        let name = "target group relay"
        let member = "i-01234567"

        /// - Parameter standings: In this order; the last one stays.
        init(_ standings: [Standing], isRefused: Bool = false) {
            self.standings = Mutex(standings)
            self.isRefused = isRefused
        }

        var calls: [String] { record.withLock { $0 } }

        func standing() -> Standing {
            record.withLock { $0.append("standing") }
            return standings.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }

        func review() throws -> [String] {
            record.withLock { $0.append("review") }
            if isRefused { throw Refused() }
            return []
        }

        func join() { record.withLock { $0.append("join") } }
        func leave() { record.withLock { $0.append("leave") } }
        func wayToOthers() -> String? { nil }
    }

    private let out = Standing(.out, state: "not registered")
    private let arriving = Standing(.arriving, state: "initial", reason: "Elb.RegistrationInProgress: Words")
    private let failing = Standing(.failing, state: "unhealthy", reason: "Target.Timeout: Words", advice: "look there")
    private let healthy = Standing(.inService, state: "healthy")
    private let draining = Standing(.leaving, state: "draining", reason: "Target.DeregistrationInProgress: Words")

    private final class Told: Sendable {
        let notices = Mutex<[String]>([])
        let reports = Mutex<[MembershipReport]>([])
    }

    /// What a pass does, in words.
    private func pass(
        _ place: FakePlace,
        _ goal: MembershipGoal,
        told: Told = Told(),
        connections: Set<String> = [],
        timeout: Duration = .seconds(60)
    ) async throws -> [String] {
        let membership = Membership(
            place,
            goal: goal,
            timeout: timeout,
            door: QuietDoor(connections: { connections }, deadline: .now),
            observer: MembershipObserver(
                notice: { text in told.notices.withLock { $0.append(text) } },
                report: { report in told.reports.withLock { $0.append(report) } }
            )
        )
        guard case .drifted(let drift) = try await membership.check() else { return [] }
        try await drift.apply()
        return drift.changes.map(\.summary)
    }

    @Test func aNodeInServiceCostsOneCall() async throws {
        let place = FakePlace([healthy])
        #expect(try await pass(place, .member(waits: true)).isEmpty)
        #expect(place.calls == ["standing"])
    }

    @Test func whoIsOutOrOnTheWayOutRegistersAgain() async throws {
        for standing in [out, draining] {
            let place = FakePlace([standing])
            #expect(
                try await pass(place, .member(waits: false)) == ["register i-01234567 with target group relay"]
            )
            #expect(place.calls == ["standing", "review", "join"])
        }
    }

    @Test func aBootstrapWaitsThroughTheFirstChecks() async throws {
        let place = FakePlace([out, arriving, healthy])
        _ = try await pass(place, .member(waits: true))
        #expect(place.calls == ["standing", "review", "join", "standing", "standing"])
        let begun = FakePlace([arriving, healthy])
        #expect(
            try await pass(begun, .member(waits: true)) == [
                "wait for target group relay to call i-01234567 in service"
            ]
        )
        #expect(begun.calls == ["standing", "review", "standing"])
    }

    @Test func aResidentAgentSaysNothingOfWhoIsArriving() async throws {
        let told = Told()
        #expect(try await pass(FakePlace([arriving]), .member(waits: false), told: told).isEmpty)
        #expect(told.notices.withLock { $0 }.isEmpty)
        #expect(told.reports.withLock { $0 }.last?.state == "initial")
    }

    @Test func whoIsRegisteredAndFailsIsToldWhyByBoth() async throws {
        let told = Told()
        #expect(try await pass(FakePlace([failing]), .member(waits: false), told: told).isEmpty)
        #expect(
            told.notices.withLock { $0 } == [
                """
                it does not call this node in service: unhealthy (Target.Timeout: Words); this node answers its own \
                health check; look there
                """
            ]
        )
        #expect(
            told.reports.withLock { $0 } == [
                MembershipReport(
                    name: "target group relay",
                    state: "unhealthy",
                    reason: "Target.Timeout: Words",
                    ours: "this node answers its own health check; look there"
                )
            ]
        )
    }

    @Test func aNodeThatDoesNotWorkIsOnlyLookedAtAndItsOwnReasonTold() async throws {
        let (told, place) = (Told(), FakePlace([failing]))
        #expect(try await pass(place, .leftAlone(because: "postfix: no banner"), told: told).isEmpty)
        #expect(place.calls == ["standing"])
        #expect(told.notices.withLock { $0 }.first?.hasSuffix("(Target.Timeout: Words); postfix: no banner") ?? false)
        #expect(told.reports.withLock { $0 }.last?.ours == "postfix: no banner")
    }

    @Test func whoIsRefusedDoesNotJoin() async throws {
        for standing in [out, failing, arriving, draining] {
            let place = FakePlace([standing], isRefused: true)
            await #expect(throws: FakePlace.Refused.self) { try await pass(place, .member(waits: true)) }
            #expect(place.calls == ["standing", "review"])
        }
    }

    @Test func whoLeavesWaitsUntilTheLoadBalancerSendsNobody() async throws {
        let place = FakePlace([healthy, failing])
        let membership = Membership(
            place,
            goal: .out,
            timeout: .seconds(60),
            door: QuietDoor(connections: { [] }, deadline: .now + .seconds(20)),
            observer: MembershipObserver(notice: { _ in })
        )
        guard case .drifted(let drift) = try await membership.check() else {
            Issue.record("a node in service has something to leave")
            return
        }
        #expect(drift.changes.map(\.summary) == ["leave target group relay"])
        try await drift.apply()
        #expect(place.calls == ["standing", "standing", "leave"])
    }

    @Test func whoWasTakenOutWaitsForThoseThatAreStillComing() async throws {
        let quiet = FakePlace([draining])
        #expect(try await pass(quiet, .out).isEmpty)
        let busy = FakePlace([draining])
        #expect(try await pass(busy, .out, connections: ["a"]) == ["wait until no mail comes from target group relay"])
        #expect(quiet.calls == ["standing"])
        #expect(busy.calls == ["standing"])
        #expect(try await pass(FakePlace([out]), .out, connections: ["a"]).isEmpty)
    }

    @Test func whoNeverComesIntoServiceIsToldWhy() async throws {
        await #expect {
            try await pass(FakePlace([failing]), .member(waits: true), timeout: .milliseconds(10))
        } throws: { "\($0)".contains("it says unhealthy (Target.Timeout: Words)") && "\($0)".contains("look there") }
    }
}
