import AWS
import Host
import Reconcile
import RelayTestSupport
import Resources
import Synchronization
import Testing
import Vocabulary

/// Auto Scaling's API, with the states it tells in their order; the last one stays.
private final class FakeAutoScaling: AutoScaling {
    private struct State {
        var states: [String?]
        var calls: [String] = []
    }

    private let state: Mutex<State>
    private let isWaiting: Bool
    private let failure: AWSFailure?

    init(_ states: [String?], isWaiting: Bool = true, failure: AWSFailure? = nil) {
        self.state = Mutex(State(states: states))
        self.isWaiting = isWaiting
        self.failure = failure
    }

    var calls: [String] { state.withLock { $0.calls } }

    func describe(_ instance: InstanceID) -> AutoScalingInstance? {
        state.withLock { state in
            state.calls.append("describe")
            let next = state.states.count > 1 ? state.states.removeFirst() : state.states[0]
            return next.map { AutoScalingInstance(group: "relays", lifecycleState: $0) }
        }
    }

    func recordHeartbeat(_ action: LifecycleAction) throws(AWSFailure) {
        state.withLock { $0.calls.append("heartbeat \(action.hook) \(action.group)") }
        if let failure { throw failure }
    }

    func complete(_ action: LifecycleAction, _ result: LifecycleResult) throws(AWSFailure) -> Bool {
        state.withLock { $0.calls.append("complete \(action.hook) \(action.group) \(result.rawValue)") }
        if let failure { throw failure }
        return isWaiting
    }
}

struct TerminationHookTests {
    private let name: LifecycleHookName
    private let instance: InstanceID

    init() throws {
        name = try LifecycleHookName("leaving")
        instance = try InstanceID("i-0123456789abcdef0")
    }

    private func hooked(_ api: FakeAutoScaling, _ transition: LifecycleTransition = .termination) -> HookedInstance {
        HookedInstance(
            instance,
            hook: name,
            transition: transition,
            autoScaling: api,
            pace: .milliseconds(1),
            heartbeat: .milliseconds(1)
        )
    }

    private func resource(
        _ api: FakeAutoScaling,
        _ files: FileSystem,
        within time: Duration = .seconds(600),
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) -> TerminationHook {
        TerminationHook(name, of: hooked(api), files: files, deadline: .now + time, notice: notice)
    }

    @Test func theActionIsCompletedOnce() async throws {
        try await withTemporaryRoot { (files) async throws in
            let api = FakeAutoScaling(["InService", "Terminating", "Terminating:Wait"])
            #expect(try await Reconciler([resource(api, files)]).converge { _ in }.count == 1)
            #expect(api.calls == ["describe", "describe", "describe", "complete leaving relays CONTINUE"])
            let again = FakeAutoScaling(["Terminating:Wait"])
            #expect(try await Reconciler([resource(again, files)]).converge { _ in }.isEmpty)
            await resource(again, files).keepWaiting()
            #expect(again.calls.isEmpty)
        }
    }

    @Test(arguments: [nil, "Terminating:Proceed", "Terminated"] as [String?])
    func whatWaitsForNothingIsToldNothing(state: String?) async throws {
        try await withTemporaryRoot { (files) async throws in
            let notices = Mutex<[String]>([])
            let api = FakeAutoScaling([state])
            let resource = resource(api, files) { text in notices.withLock { $0.append(text) } }
            _ = try await Reconciler([resource]).converge { _ in }
            #expect(api.calls == ["describe"])
            #expect(notices.withLock { $0 }.first?.hasPrefix("nobody waits for its completion: ") == true)
            #expect(try await Reconciler([resource]).converge { _ in }.isEmpty)
        }
    }

    @Test func aWaitForAnotherHookIsTold() async throws {
        let api = FakeAutoScaling(["Terminating:Wait"], isWaiting: false)
        let reception = try await hooked(api).complete(.proceed, by: .now)
        guard case .notWanted(because: let why) = reception else {
            Issue.record("it was taken")
            return
        }
        #expect(why.contains("the hook has another name"))
    }

    @Test func aFailureIsTriedAgainByTheNextPass() async throws {
        try await withTemporaryRoot { (files) async throws in
            let denied = AWSFailure(action: "autoscaling:CompleteLifecycleAction", reason: .unreadable("no"))
            let failing = resource(FakeAutoScaling(["Terminating:Wait"], failure: denied), files)
            await #expect(throws: ReconcileFailure.self) { try await Reconciler([failing]).converge { _ in } }
            let api = FakeAutoScaling(["Terminating:Wait"])
            #expect(try await Reconciler([resource(api, files)]).converge { _ in }.count == 1)
        }
    }

    @Test func aWaitThatNeverComesIsAnErrorInTime() async throws {
        let api = FakeAutoScaling(["Terminating"])
        let failure = await #expect(throws: HookNotReached.self) {
            try await hooked(api).complete(.proceed, by: .now + .milliseconds(20))
        }
        #expect(failure?.description.contains("Auto Scaling group relays has this instance in Terminating") == true)
    }

    @Test func aLaunchIsAbandoned() async throws {
        let api = FakeAutoScaling(["Pending", "Pending:Wait"])
        #expect(try await hooked(api, .launch).complete(.abandon, by: .now + .seconds(60)) == .taken)
        #expect(api.calls == ["describe", "describe", "complete leaving relays ABANDON"])
    }

    /// Runs heartbeats until the API was called so often.
    private func beat(_ api: FakeAutoScaling, until count: Int, notice: @escaping @Sendable (String) -> Void)
        async throws
    {
        let hooked = hooked(api)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await hooked.keepWaiting(notice: notice) }
            while api.calls.count < count { try await Task.sleep(for: .milliseconds(1)) }
            group.cancelAll()
        }
    }

    @Test func heartbeatsBeginWithTheWaitAndAskForTheGroupOnce() async throws {
        let api = FakeAutoScaling(["Terminating", "Terminating:Wait"])
        try await beat(api, until: 5) { Issue.record("\($0)") }
        let heartbeat = "heartbeat leaving relays"
        #expect(Array(api.calls.prefix(5)) == ["describe", "describe", heartbeat, heartbeat, heartbeat])
    }

    @Test func heartbeatsThatFailAreToldOnceAndGoOn() async throws {
        let denied = AWSFailure(action: "autoscaling:RecordLifecycleActionHeartbeat", reason: .unreadable("no"))
        let told = Mutex(0)
        try await beat(FakeAutoScaling(["Terminating:Wait"], failure: denied), until: 4) { _ in
            told.withLock { $0 += 1 }
        }
        #expect(told.withLock { $0 } == 1)
    }
}
