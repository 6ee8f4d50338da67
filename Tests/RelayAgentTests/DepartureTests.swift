import Host
import RelayTestSupport
import Resources
import SystemPackage
import Testing
import Vocabulary

@testable import RelayAgent
@testable import Reports

struct DepartureTests {
    @Test func theBalancersHaveHalfOfTheTimeAndTheHookAReserve() {
        let now = ContinuousClock.now
        let budget = DepartureBudget(total: .seconds(110), elapsed: .zero, answersHook: true, now: now)
        #expect(budget.doors == now + .seconds(55))
        #expect(budget.queue == now + .seconds(105))
        #expect(budget.end == now + .seconds(110))
        #expect(DepartureBudget(total: .seconds(110), elapsed: .zero, answersHook: false, now: now).queue == budget.end)
    }

    @Test(arguments: [-3600, 0, 30, 109, 110, 86400])
    func noClockMakesItLongerOrEndless(elapsed: Int) {
        let now = ContinuousClock.now
        let budget = DepartureBudget(total: .seconds(110), elapsed: .seconds(elapsed), answersHook: true, now: now)
        #expect(budget.end <= now + .seconds(110))
        #expect(budget.end >= now + .seconds(5))
        #expect(budget.queue > now && budget.queue < budget.end)
        #expect(budget.doors <= budget.calls && budget.calls <= budget.end)
    }

    @Test func aDepartureThatIsMadeAgainKnowsThatItsOwnTimeIsOver() {
        let now = ContinuousClock.now
        func budget(_ elapsed: Int) -> DepartureBudget {
            DepartureBudget(total: .seconds(110), elapsed: .seconds(elapsed), answersHook: true, now: now)
        }
        #expect(budget(30).own == now + .seconds(80))
        #expect(budget(300).own == now)
        // Its calls have some time all the same.
        #expect(budget(300).calls >= now + .seconds(2))
    }

    /// EC2 waits for nobody, whatever the settings allow for other ways to end.
    @Test func aCauseThatLeavesLittleTimeMakesItShorter() {
        let now = ContinuousClock.now
        let budget = DepartureBudget(
            total: .seconds(3600),
            limit: .seconds(117),
            elapsed: .zero,
            answersHook: true,
            now: now
        )
        #expect(budget.doors == now + .seconds(56))
        #expect(budget.queue == now + .seconds(107))
        #expect(budget.end == now + .seconds(112))
        let longer = DepartureBudget(
            total: .seconds(50),
            limit: .seconds(120),
            elapsed: .zero,
            answersHook: false,
            now: now
        )
        #expect(longer.end == now + .seconds(50))
    }

    @Test func anOrdersTimeIsThatOfTheClockThatNobodySets() throws {
        var order = DrainOrder(.byHand, since: 1000)
        order.uptime = 50
        // Somebody has set the wall clock a day ahead.
        #expect(order.elapsed(uptime: 60, now: 87400) == .seconds(10))
        // After a reboot there is time for it anew.
        #expect(order.elapsed(uptime: 20, now: 1100) == .zero)
        order.uptime = nil
        #expect(order.elapsed(uptime: 60, now: 1007) == .seconds(7))
    }

    @Test func whatWasWithdrawnIsNotWrittenAgain() async throws {
        try await withTemporaryRoot { files in
            let orders = DrainOrders(files: files)
            try orders.give(DrainOrder(.byHand, since: 1))
            let order = try #require(try orders.current())
            #expect(try await orders.amend(order) { $0.phase = .unhealthy }.phase == .unhealthy)
            #expect(try orders.current()?.phase == .unhealthy)
            _ = try await orders.withdraw()
            await #expect(throws: OrderWithdrawn.self) { try await orders.amend(order) { $0.phase = .empty } }
            #expect(try orders.current() == nil)
            // Nor is another one that was given meanwhile.
            try orders.give(DrainOrder(.byHand, since: 2))
            await #expect(throws: OrderWithdrawn.self) { try await orders.amend(order) { $0.phase = .empty } }
            #expect(try orders.current()?.phase == nil)
        }
    }

    /// A new order does not wait for the departure that is under way.
    @Test func anEndTakesThePlaceOfALesserOrderAndHasATimeOfItsOwn() async throws {
        try await withTemporaryRoot { files in
            let orders = DrainOrders(files: files)
            for lesser in [DrainOrder.Reason.byHand, .standby, .rebalance] {
                _ = try await orders.withdraw()
                try orders.forgetObeyed()
                try orders.give(DrainOrder(lesser, since: 1))
                let order = try #require(try orders.current())
                var end = DrainOrder(.spot, since: 2)
                end.limit = 115
                #expect(try await orders.give(end, for: "spot"))
                #expect(try orders.current()?.reason == .spot)
                #expect(try orders.current()?.limit == 115)
                do {
                    try orders.require(order)
                    Issue.record("\(lesser) still holds")
                } catch let error as OrderWithdrawn {
                    #expect(error.successor == .spot)
                    #expect("\(error)".hasSuffix("the agent goes on by that: a spot interruption"))
                }
                // An announcement repeats for as long as it holds.
                #expect(try await !orders.give(DrainOrder(.spot, since: 3), for: "spot"))
                #expect(try orders.current()?.since == 2)
            }
        }
    }

    @Test(arguments: [DrainOrder.Reason.autoScaling, .spot, .shutdown, .uninstall])
    func anEndGivesWayToNothing(reason: DrainOrder.Reason) async throws {
        try await withTemporaryRoot { files in
            let orders = DrainOrders(files: files)
            try orders.give(DrainOrder(reason, since: 1))
            for other in [DrainOrder.Reason.autoScaling, .spot, .rebalance, .standby] {
                #expect(try await !orders.give(DrainOrder(other, since: 2), for: other.rawValue))
            }
            #expect(try orders.current()?.reason == reason)
        }
    }

    @Test func anUninstallThatIsGivenUpLeavesAllOrdersAsTheyWere() async throws {
        try await withTemporaryRoot { files in
            let orders = DrainOrders(files: files)
            try orders.give(DrainOrder(.byHand, since: 1))
            try orders.give(DrainOrder(.spot, since: 2))
            let kept = orders.kept()
            _ = try await orders.withdraw()
            try orders.restore(kept)
            #expect(try orders.current()?.reason == .spot)
            #expect(try await orders.withdraw(where: { $0.reason == .spot }))
            #expect(try orders.current()?.reason == .byHand)
        }
    }

    @Test func aNoticeIsNewsUntilItWasObeyedAndAgainWhenItHadGone() async throws {
        try await withTemporaryRoot { files in
            let orders = DrainOrders(files: files)
            #expect(try orders.isNews("a spot interruption"))
            #expect(try orders.isNews("a spot interruption"))
            try orders.noteObeyed("a spot interruption")
            #expect(try !orders.isNews("a spot interruption"))
            try orders.forgetObeyed()
            #expect(try orders.isNews("a spot interruption"))
        }
    }

    @Test func whatTheSettingsDoNotNameAnyMoreIsLeftOnce() async throws {
        try await withTemporaryRoot { files in
            let joined = JoinedPlaces(files: files)
            var settings = NodeSettings.LoadBalancer(classic: [try ClassicLoadBalancerName("a")])
            #expect(joined.former(settings).isEmpty)
            try joined.note(settings)
            settings.classic = [try ClassicLoadBalancerName("b")]
            try joined.note(settings)
            let former = joined.former(settings)
            #expect(former == [.classic(try ClassicLoadBalancerName("a"))])
            try joined.forget(former[0])
            #expect(joined.former(settings).isEmpty)
        }
    }

    @Test func theStatusAndTheMetricsSayHowFarItIsAndWhatStays() {
        var status = NodeStatus()
        var order = DrainOrder(.autoScaling, since: 990)
        order.phase = .handingOver
        status.drain = order
        func table() -> String {
            let reading = StatusReading(status, isAgentUp: false, queue: nil, now: 1000)
            return StatusReport(reading).lines().map { $0 + "\n" }.joined()
        }
        #expect(table().contains("  Auto Scaling terminates the instance, 10 s ago: handing over\n"))
        let share = LeftBehind.Share(domain: "example.net", messages: 2)
        status.drain?.left = LeftBehind(waiting: 2, held: 1, shares: [share])
        #expect(
            table().contains("left behind  2 messages are still queued here, and 1 on hold: 2 for example.net\n")
        )
        let metrics = Metrics(status, now: 1000).description
        #expect(metrics.contains(#"smtp_relay_agent_departure_phase{phase="handing over"} 1"#))
        #expect(metrics.contains(#"smtp_relay_agent_departure_messages_left{state="hold"} 1"#))
        #expect(metrics.contains(#"smtp_relay_agent_departure_messages_left_by_domain{domain="example.net"} 2"#))
    }
}
