import Testing

@testable import RelayAgent

struct PassScheduleTests {
    private typealias Trigger = PassSchedule.Trigger
    private let start = ContinuousClock.now
    private let file = Trigger(name: "/etc/postfix/main.cf changed", isFull: false)
    private let signal = Trigger(name: "SIGHUP", isFull: true)

    /// Past its first pass, with the next one in a minute.
    private func schedule() -> PassSchedule {
        var schedule = PassSchedule(regular: start)
        schedule.begin(at: start, next: start + .seconds(60))
        return schedule
    }

    @Test func theFirstPassIsDueAtOnceAndFull() {
        let schedule = PassSchedule(regular: start)
        #expect(schedule.due == start)
        #expect(schedule.isFull(at: start))
        #expect(schedule.answered(at: start).isEmpty)
    }

    @Test func changesThatComeTogetherAreOnePassOfTheHostAlone() {
        var schedule = schedule()
        for step in 0..<50 { _ = schedule.want(file, at: start + .milliseconds(step)) }
        #expect(schedule.due <= start + .milliseconds(200))
        #expect(!schedule.isFull(at: schedule.due))
        #expect(schedule.answered(at: schedule.due) == [file])
        schedule.begin(at: schedule.due, next: start + .seconds(600))
        // The regular one stays where it was.
        #expect(schedule.due == start + .seconds(60))
    }

    @Test func aLookAtTheHostGoesBeforeAFullPassThatMayWaitForOthers() {
        var schedule = schedule()
        _ = schedule.want(file, at: start)
        _ = schedule.want(signal, at: start)
        #expect(!schedule.isFull(at: schedule.due))
        #expect(schedule.answered(at: schedule.due) == [file])
        let now = schedule.due
        schedule.begin(at: now, next: start + .seconds(600))
        #expect(schedule.due <= now)
        #expect(schedule.isFull(at: now))
        #expect(schedule.answered(at: now) == [signal])
    }

    @Test func onlyTheHostCutsAWaitShort() {
        var schedule = schedule()
        _ = schedule.want(signal, at: start)
        #expect(schedule.hostDue == nil)
        _ = schedule.want(file, at: start + .seconds(1))
        #expect(schedule.hostDue == start + .seconds(1) + .milliseconds(100))
        schedule.begin(at: start + .seconds(2), next: start + .seconds(60))
        #expect(schedule.hostDue == nil)
    }

    @Test func onlyOneLookGoesBeforeAFullPass() {
        var schedule = schedule()
        _ = schedule.want(signal, at: start)
        _ = schedule.want(file, at: start)
        var now = schedule.due
        schedule.begin(at: now, next: start + .seconds(600))
        _ = schedule.want(file, at: now)
        now = schedule.due + .seconds(1)
        #expect(schedule.isFull(at: now))
        #expect(schedule.answered(at: now) == [file, signal])
        schedule.begin(at: now, next: start + .seconds(600))
        #expect(schedule.due == start + .seconds(600))
    }

    /// Something writes the file anew after every repair, for ten minutes; each pass takes as long.
    @Test(arguments: [Duration.milliseconds(50), .seconds(4)])
    func whatFightsBackIsSlowedAndToldOnce(pass: Duration) {
        var schedule = schedule()
        var now = start
        var passes = 0
        var told: [ContinuousClock.Instant] = []
        while now < start + .seconds(600) {
            if schedule.want(file, at: now) { told.append(now) }
            now = max(now, schedule.due)
            schedule.begin(at: now, next: start + .seconds(6000))
            schedule.regular(at: start + .seconds(6000))
            passes += 1
            now += pass
            schedule.putRight([file], at: now)
        }
        #expect(told.count == 1)
        #expect(told.allSatisfy { $0 < start + .seconds(60) })
        #expect((50...80).contains(passes), "6 at once, and then one in ten seconds")
    }

    @Test func looksThatFindNothingAreAllowedOften() {
        var schedule = schedule()
        var now = start
        for _ in 0..<20 {
            let isSlowed = schedule.want(file, at: now)
            #expect(!isSlowed)
            now = schedule.due
            schedule.begin(at: now, next: start + .seconds(60))
        }
    }

    @Test func anotherFileIsNotSlowedWithIt() {
        var schedule = schedule()
        var now = start
        for _ in 0..<40 {
            _ = schedule.want(file, at: now)
            now = max(now, schedule.due)
            schedule.begin(at: now, next: start + .seconds(6000))
            schedule.regular(at: start + .seconds(6000))
            schedule.putRight([file], at: now)
        }
        _ = schedule.want(file, at: now)
        #expect(schedule.due > now + .seconds(1))
        _ = schedule.want(Trigger(name: "/etc/nginx/nginx.conf changed", isFull: false), at: now)
        #expect(schedule.due <= now + .milliseconds(200))
    }
}
