import Host
import Synchronization
import Testing

struct LookThreadTests {
    private let thread = LookThread()
    private let pause: Duration = .milliseconds(5)

    @Test func aLookIsMadeAgainUntilItHasFoundSomething() async {
        let looks = Atomic(0)
        let others = Atomic(0)
        let began = ContinuousClock.now
        async let other: Void = thread.wait(pause: pause) { others.add(1, ordering: .relaxed).newValue == 5 }
        await thread.wait(pause: pause) { looks.add(1, ordering: .relaxed).newValue == 3 }
        await other
        #expect(looks.load(ordering: .relaxed) == 3 && others.load(ordering: .relaxed) == 5)
        // A pause comes before the first look, too.
        #expect(ContinuousClock.now - began >= pause * 5)
        thread.stop()
    }

    @Test func aTaskThatIsCancelledWaitsNoLonger() async {
        for delay: Duration in [.zero, pause] {
            let task = Task { [thread, pause] in await thread.wait(pause: pause) { false } }
            try? await Task.sleep(for: delay)
            task.cancel()
            await task.value
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [thread] in await thread.wait(pause: .seconds(3600)) { false } }
            group.cancelAll()
        }
        thread.stop()
    }

    @Test func aStopEndsAllWaits() async {
        let task = Task { [thread, pause] in await thread.wait(pause: pause) { false } }
        try? await Task.sleep(for: pause * 4)
        thread.stop()
        await task.value
        await thread.wait(pause: .seconds(3600)) { false }
        #expect(!task.isCancelled)
    }

    @Test func noLookIsMadeAfterItsEnd() async {
        let looks = Atomic(0)
        let task = Task { [thread, pause] in
            await thread.wait(pause: pause) {
                looks.add(1, ordering: .relaxed)
                return false
            }
        }
        while looks.load(ordering: .relaxed) == 0 { await Task.yield() }
        task.cancel()
        await task.value
        // One may be under way.
        let seen = looks.load(ordering: .relaxed) + 1
        await thread.wait(pause: pause * 4) { true }
        #expect(looks.load(ordering: .relaxed) <= seen)
        thread.stop()
    }
}
