import AWS
import Reconcile
import RelayTestSupport
import Resources
import Synchronization
import Testing

struct MembershipTests {
    /// A place in a load balancer of no kind in particular, with calls kept.
    private final class FakePlace: LoadBalancerPlace {
        struct Refused: PlaceRefusal {
            let name = "target group relay"
            let why = "it is open"
            let cure = "close it"
        }
        struct Throttled: Error {}

        enum Answer {
            case yes
            case no
            case unclear
        }

        private let standings: Mutex<[Standing]>
        private let record = Mutex<[String]>([])
        private let answer: Mutex<Answer>
        private let ownSide: Mutex<String> = Mutex("a")
        private let canLeave: Bool
        private let canTell: Bool
        private let code: String?
        let name = "target group relay"
        let member = "i-01234567"

        /// - Parameter standings: In this order; the last one stays.
        init(
            _ standings: [Standing],
            _ answer: Answer = .yes,
            canLeave: Bool = true,
            canTell: Bool = true,
            code: String? = nil
        ) {
            self.standings = Mutex(standings)
            self.answer = Mutex(answer)
            self.canLeave = canLeave
            self.canTell = canTell
            self.code = code
        }

        func answers(_ answer: Answer) { self.answer.withLock { $0 = answer } }
        func changesSide() { ownSide.withLock { $0 += "a" } }
        func stands(_ standing: Standing) { standings.withLock { $0 = [standing] } }
        /// The number of questions whether the node may be there.
        var reviews: Int { calls.count { $0 == "review" } }

        var calls: [String] { record.withLock { $0 } }

        func standing() throws -> Standing {
            record.withLock { $0.append("standing") }
            if !canTell {
                let answer = code.map { AWSFailure.Reason.answered(AWSError(status: 400, code: $0, message: "")) }
                throw AWSFailure(action: "elasticloadbalancing:Describe", reason: answer ?? .unreadable(""))
            }
            return standings.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }

        func side() -> String { ownSide.withLock { $0 } }

        func review() throws -> PlaceReview {
            record.withLock { $0.append("review") }
            switch answer.withLock({ $0 }) {
            case .yes: return PlaceReview(findings: { [] }, way: { nil })
            case .no: throw Refused()
            case .unclear: throw Throttled()
            }
        }

        func join() { record.withLock { $0.append("join") } }
        func leave() throws {
            record.withLock { $0.append("leave") }
            if !canLeave { throw Throttled() }
        }
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

    /// The acts of a pass, in words.
    private func pass(
        _ place: FakePlace,
        _ goal: MembershipGoal,
        told: Told = Told(),
        obstacle: (any Error)? = nil,
        memory: AdmissionMemory = AdmissionMemory(),
        isAnew: Bool = false,
        connections: Set<String> = [],
        timeout: Duration = .seconds(600)
    ) async throws -> [String] {
        let membership = Membership(
            place,
            goal: goal,
            obstacle: obstacle,
            admission: Admission(memory, AdmissionPeriod(pace: .seconds(75), isAnew: isAnew)) { _, _ in },
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

    @Test func anObstacleOfTheNodesOwnKeepsItOutAndTakesItNowhere() async throws {
        struct Unverifiable: Error, CustomStringConvertible { let description = "no receiver can verify its mail" }
        let told = Told()
        let out = FakePlace([Standing(.out, state: "unused")])
        await #expect(throws: Unverifiable.self) {
            try await pass(out, .member(waits: true), told: told, obstacle: Unverifiable())
        }
        #expect(out.calls == ["standing"])
        #expect(told.reports.withLock { $0.last?.ours } == "no receiver can verify its mail")
        let place = FakePlace([healthy])
        #expect(try await pass(place, .member(waits: true), obstacle: Unverifiable()).isEmpty)
        #expect(!place.calls.contains("leave"))
    }

    @Test func aNodeInServiceCostsOneCall() async throws {
        let (place, memory) = (FakePlace([healthy]), AdmissionMemory())
        for _ in 0..<3 { #expect(try await pass(place, .member(waits: true), memory: memory).isEmpty) }
        #expect(place.calls == ["standing", "review", "standing", "standing"])
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
        #expect(place.calls == ["standing", "review"])
        #expect(told.notices.withLock { $0 }.first?.hasSuffix("(Target.Timeout: Words); postfix: no banner") ?? false)
        #expect(told.reports.withLock { $0 }.last?.ours == "postfix: no banner")
    }

    @Test func whoIsRefusedDoesNotJoin() async throws {
        for standing in [out, draining] {
            let (told, place) = (Told(), FakePlace([standing], .no))
            await #expect(throws: FakePlace.Refused.self) { try await pass(place, .member(waits: true), told: told) }
            #expect(place.calls == ["standing", "review"])
            #expect(told.reports.withLock { $0 }.last?.ours == "it is open")
        }
    }

    @Test func whoIsRefusedLeavesWhoeverHasRegisteredIt() async throws {
        for standing in [healthy, failing, arriving] {
            for goal in [MembershipGoal.member(waits: true), .member(waits: false), .leftAlone(because: "Standby")] {
                let (told, place) = (Told(), FakePlace([standing], .no))
                await #expect {
                    try await pass(place, goal, told: told)
                } throws: { $0 is LeftPlace && "\($0)" == "has left, and will not join target group relay: it is open" }
                #expect(place.calls == ["standing", "review", "leave"])
                #expect(
                    told.reports.withLock { $0 }.last
                        == MembershipReport(
                            name: "target group relay",
                            state: "not registered",
                            reason: "",
                            ours: "it is open"
                        )
                )
            }
        }
    }

    @Test func whoIsRefusedLeavesAlsoWhereItsStandingIsNotTold() async throws {
        let refused = FakePlace([healthy], .no, canTell: false)
        await #expect(throws: LeftPlace.self) { try await pass(refused, .member(waits: false)) }
        #expect(refused.calls == ["standing", "review", "leave"])
        for place in [FakePlace([healthy], canTell: false), FakePlace([healthy], .unclear, canTell: false)] {
            await #expect(throws: AWSFailure.self) { try await pass(place, .member(waits: false)) }
            #expect(place.calls == ["standing", "review"])
        }
    }

    @Test func whoCanNotLeaveIsToldBothReasons() async throws {
        await #expect {
            try await pass(FakePlace([healthy], .no, canLeave: false), .member(waits: false))
        } throws: { $0 is StillInPlace && "\($0)".contains("Throttled") && "\($0)".hasSuffix("it is open") }
    }

    @Test func aQuestionWithoutAnAnswerTakesNobodyOutAndLetsNobodyIn() async throws {
        for standing in [healthy, failing, arriving] {
            let (told, place) = (Told(), FakePlace([standing], .unclear))
            #expect(try await pass(place, .member(waits: false), told: told).isEmpty)
            #expect(place.calls == ["standing", "review"])
            #expect(told.notices.withLock { $0 }.first?.contains("could not find out") ?? false)
            #expect(told.reports.withLock { $0 }.contains { $0.ours?.contains("could not find out") ?? false })
        }
        for standing in [out, draining] {
            let place = FakePlace([standing], .unclear)
            await #expect(throws: FakePlace.Throttled.self) { try await pass(place, .member(waits: false)) }
            #expect(!place.calls.contains("join"))
        }
    }

    @Test func aNodeInServiceIsAskedForAgainBeforeTwentyMinutesAreOver() async throws {
        let (place, time) = (FakePlace([healthy]), ManualTime())
        let memory = AdmissionMemory(now: { time.now })
        var asked: [Duration] = []
        while time.passed < .seconds(7200) {
            let before = place.reviews
            _ = try await pass(place, .member(waits: false), memory: memory)
            if place.reviews > before { asked.append(time.passed) }
            time.advance(by: .seconds(75))
        }
        #expect(asked.first == .zero)
        for (earlier, later) in zip(asked, asked.dropFirst()) { #expect(later - earlier <= .seconds(1200)) }
        // The question is asked as seldom as will do.
        #expect(asked.count <= 9)
    }

    @Test func aQuestionWithoutAnAnswerIsAskedAgainInTime() async throws {
        let (place, time) = (FakePlace([healthy]), ManualTime())
        let memory = AdmissionMemory(now: { time.now })
        _ = try await pass(place, .member(waits: false), memory: memory)
        while place.reviews == 1 {
            time.advance(by: .seconds(75))
            place.answers(.unclear)
            _ = try await pass(place, .member(waits: false), memory: memory)
        }
        place.answers(.no)
        var hasLeft = false
        while !hasLeft {
            time.advance(by: .seconds(75))
            do {
                _ = try await pass(place, .member(waits: false), memory: memory)
            } catch is LeftPlace {
                hasLeft = true
            }
        }
        #expect(time.passed <= .seconds(1200))
    }

    @Test func aChangeOfTheNodesOwnSideIsAskedAboutAtOnce() async throws {
        let (place, memory) = (FakePlace([healthy]), AdmissionMemory())
        _ = try await pass(place, .member(waits: false), memory: memory)
        place.answers(.no)
        #expect(try await pass(place, .member(waits: false), memory: memory).isEmpty)
        place.changesSide()
        await #expect(throws: LeftPlace.self) { try await pass(place, .member(waits: false), memory: memory) }
    }

    @Test func whoAsksAnewIsAnsweredAnewButNotOverAndOver() async throws {
        let (place, time) = (FakePlace([healthy]), ManualTime())
        let memory = AdmissionMemory(now: { time.now })
        for _ in 0..<3 { _ = try await pass(place, .member(waits: false), memory: memory, isAnew: true) }
        #expect(place.reviews == 1)
        time.advance(by: .seconds(60))
        place.answers(.no)
        #expect(try await pass(place, .member(waits: false), memory: memory).isEmpty)
        await #expect(throws: LeftPlace.self) {
            try await pass(place, .member(waits: false), memory: memory, isAnew: true)
        }
    }

    @Test func whoWasRefusedComesBackOnceItMay() async throws {
        let (place, time) = (FakePlace([healthy], .no), ManualTime())
        let memory = AdmissionMemory(now: { time.now })
        await #expect(throws: LeftPlace.self) { try await pass(place, .member(waits: false), memory: memory) }
        // Somebody registers it again at once: it leaves without another question.
        await #expect(throws: LeftPlace.self) { try await pass(place, .member(waits: false), memory: memory) }
        place.answers(.yes)
        place.stands(out)
        // A pass that failed is repeated soon, and asks no more than once a minute.
        await #expect(throws: FakePlace.Refused.self) { try await pass(place, .member(waits: false), memory: memory) }
        #expect(place.reviews == 1)
        time.advance(by: .seconds(60))
        _ = try await pass(place, .member(waits: false), memory: memory)
        #expect(place.calls.last == "join")
    }

    @Test func whoLeavesWaitsUntilTheLoadBalancerSendsNobody() async throws {
        let place = FakePlace([healthy, failing])
        let membership = Membership(
            place,
            goal: .out,
            admission: Admission(AdmissionMemory(), AdmissionPeriod(pace: .seconds(75))) { _, _ in },
            timeout: .seconds(600),
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

    /// The permission to look may be missing where the one to leave is there, and a deleted load balancer has nobody to leave.
    @Test func whoCanNotLookLeavesAllTheSameAndWhatIsGoneIsLeft() async throws {
        let blind = FakePlace([healthy], canTell: false)
        #expect(try await pass(blind, .out) == ["leave target group relay"])
        #expect(blind.calls == ["standing", "standing", "leave"])
        for code in ["LoadBalancerNotFound", "AccessPointNotFound", "TargetGroupNotFound"] {
            let gone = FakePlace([healthy], canTell: false, code: code)
            #expect(try await pass(gone, .out).isEmpty)
            #expect(gone.calls == ["standing"])
        }
    }

    @Test func anOrderToLeaveEndsTheWaitToBeInService() async throws {
        let entry = try await entry(isToLeave: true)
        await #expect(throws: OrderedToLeave.self) { try await entry.apply() }
    }

    /// The pass that proves the relay anew waits for the end of this one.
    @Test func aHealthCheckThatIsWithdrawnEndsTheWaitToBeInService() async throws {
        let entry = try await entry(isWithdrawn: true)
        await #expect(throws: WithdrawnMeanwhile.self) { try await entry.apply() }
    }

    /// The way into a load balancer that takes ten minutes to call the node in service.
    private func entry(isToLeave: Bool = false, isWithdrawn: Bool = false) async throws -> Drift {
        let membership = Membership(
            FakePlace([out, arriving]),
            goal: .member(waits: true),
            admission: Admission(AdmissionMemory(), AdmissionPeriod(pace: .seconds(75))) { _, _ in },
            timeout: .seconds(600),
            door: QuietDoor(connections: { [] }, deadline: .now),
            observer: MembershipObserver(notice: { _ in }),
            isToLeave: { isToLeave },
            isWithdrawn: { isWithdrawn }
        )
        let check = try await membership.check()
        guard case .drifted(let drift) = check else {
            throw AlreadyIn(check: "\(check)")
        }
        return drift
    }

    private struct AlreadyIn: Error {
        let check: String
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
