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

    @Test func aSignalMakesAFullPassThatAnswersTheChangesToo() {
        var schedule = schedule()
        _ = schedule.want(file, at: start)
        _ = schedule.want(signal, at: start)
        #expect(schedule.isFull(at: schedule.due))
        #expect(schedule.answered(at: schedule.due) == [file, signal])
    }

    @Test func whatFightsBackIsSlowedAndToldOnce() {
        var schedule = schedule()
        var now = start
        var passes = 0
        var told = 0
        // Something writes the file anew after every repair, for ten minutes.
        while now < start + .seconds(600) {
            if schedule.want(file, at: now) { told += 1 }
            now = max(now, schedule.due)
            schedule.begin(at: now, next: start + .seconds(6000))
            schedule.regular(at: start + .seconds(6000))
            passes += 1
            now += .milliseconds(50)
        }
        #expect(told == 1)
        #expect((60...160).contains(passes), "12 at once, and then one in five seconds")
    }

    @Test func anotherFileIsNotSlowedWithIt() {
        var schedule = schedule()
        var now = start
        for _ in 0..<40 {
            _ = schedule.want(file, at: now)
            now = max(now, schedule.due)
            schedule.begin(at: now, next: start + .seconds(6000))
            schedule.regular(at: start + .seconds(6000))
        }
        _ = schedule.want(file, at: now)
        #expect(schedule.due > now + .seconds(1))
        _ = schedule.want(Trigger(name: "/etc/nginx/nginx.conf changed", isFull: false), at: now)
        #expect(schedule.due <= now + .milliseconds(200))
    }
}
