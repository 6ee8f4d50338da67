import AWS
import AgentLog
import HTTP
import Host
import Logging
import RelayTestSupport
import Reports
import Resources
import Synchronization
import Testing
import Vocabulary

@testable import RelayAgent

/// The fleet's settings, from one version to the next.
struct FleetTests {
    private struct Refused: Error, CustomStringConvertible { let description = "mail.domian is unknown" }

    /// A place that answers as it is told, and counts.
    private final class Shelf: FleetReading {
        private let state: Mutex<(answer: Result<FleetDocument, AWSFailure>, calls: Int)>

        init(_ text: String) throws { self.state = Mutex((.success(try FleetTests.document(text)), 0)) }

        var calls: Int { state.withLock { $0.calls } }

        func put(_ text: String) throws {
            let document = try FleetTests.document(text)
            state.withLock { $0.answer = .success(document) }
        }

        func fail(_ reason: AWSFailure.Reason) {
            state.withLock { $0.answer = .failure(AWSFailure(action: "ssm:GetParameter", reason: reason)) }
        }

        func document(at place: FleetPlace) async throws(AWSFailure) -> FleetDocument {
            let answer = state.withLock { state in
                state.calls += 1
                return state.answer
            }
            return try answer.get()
        }
    }

    private final class Clock: Sendable {
        private let time = Mutex(1000)
        var now: Int { time.withLock { $0 } }
        func advance(_ seconds: Int) { time.withLock { $0 += seconds } }
    }

    private static func document(_ text: String) throws -> FleetDocument {
        FleetDocument(place: try FleetPlace("ssm:/config"), version: "of \(text)", text: text)
    }

    private static let log = StepLog(Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    private let clock = Clock()

    private func renew(
        _ shelf: Shelf,
        _ files: FileSystem,
        memberships: [String: Bool] = [:],
        isAsked: Bool = false,
        asksAnew: Bool = false,
        isRight: Bool = true
    ) async throws -> String? {
        let fleet = FleetSettings(place: try FleetPlace("ssm:/config"))
        let renewal = FleetRenewal(
            store: FleetStore(files: files),
            fleet: fleet,
            reader: shelf,
            log: Self.log,
            memberships: memberships,
            now: { [clock] in clock.now }
        )
        return try await renewal.renew(isAsked: isAsked, asksAnew: asksAnew) { _ in
            if !isRight { throw Refused() }
        }?.text
    }

    private func trial(_ files: FileSystem) throws -> FleetTrial {
        FleetTrial(
            store: FleetStore(files: files),
            place: try FleetPlace("ssm:/config"),
            log: Self.log,
            now: { [clock] in clock.now }
        )
    }

    private func versions(_ files: FileSystem) throws -> FleetVersions {
        FleetStore(files: files).versions(of: try FleetPlace("ssm:/config"))
    }

    /// A node that goes by a version that works.
    private func withNode(_ body: (Shelf, FileSystem) async throws -> Void) async throws {
        try await withTemporaryRoot { (files) async throws in
            let shelf = try Shelf("a")
            #expect(try await renew(shelf, files) == "a")
            try trial(files).prove()
            try await body(shelf, files)
        }
    }

    @Test func aNewVersionIsTakenWhenItsTimeHasComeAndNotBefore() async throws {
        try await withNode { shelf, files in
            try shelf.put("b")
            #expect(try await renew(shelf, files) == nil)
            #expect(shelf.calls == 1)
            clock.advance(224)
            #expect(try await renew(shelf, files) == nil)
            #expect(shelf.calls == 1)
            clock.advance(152)
            #expect(try await renew(shelf, files) == "b")
            #expect(try versions(files).inForce?.text == "b")
            #expect(try versions(files).proven?.text == "a")
        }
    }

    /// Else a new version would change all nodes at once.
    @Test func theNodesOfAFleetReadAtTimesOfTheirOwn() async throws {
        var times: Set<Int> = []
        for _ in 1...20 {
            try await withTemporaryRoot { (files) async throws in
                _ = try await renew(try Shelf("a"), files)
                times.insert(try #require(try versions(files).dueAt) - 1000)
            }
        }
        #expect(times.count > 5)
        #expect(times.allSatisfy { (225...375).contains($0) })
    }

    @Test func somebodyWhoAsksDoesNotWaitAndAClockThatWasSetBackDoesNotHinder() async throws {
        try await withNode { shelf, files in
            try shelf.put("b")
            #expect(try await renew(shelf, files, isAsked: true) == "b")
            clock.advance(-5000)
            try shelf.put("c")
            #expect(try await renew(shelf, files) == "c")
        }
    }

    @Test func aVersionThatFailsACheckIsRefusedAsAWholeAndJudgedAgain() async throws {
        try await withNode { shelf, files in
            try shelf.put("b")
            #expect(try await renew(shelf, files, isAsked: true, isRight: false) == nil)
            #expect(try versions(files).inForce?.text == "a")
            let refused = try #require(try versions(files).status.refused)
            #expect((refused.version, refused.reason) == ("of b", "mail.domian is unknown"))
            // The host's own file may have been what did not go with it.
            #expect(try await renew(shelf, files, isAsked: true) == "b")
            #expect(try versions(files).refused == nil)
        }
    }

    @Test func goingBackToTheVersionInForceEndsTheRefusal() async throws {
        try await withNode { shelf, files in
            try shelf.put("b")
            _ = try await renew(shelf, files, isAsked: true, isRight: false)
            try shelf.put("a")
            #expect(try await renew(shelf, files, isAsked: true) == nil)
            #expect(try versions(files).refused == nil)
        }
    }

    @Test func aPlaceThatCanNotBeReadLeavesTheVersionInForce() async throws {
        let denied = AWSError(status: 400, code: "AccessDeniedException", message: "no")
        let missing = AWSError(status: 400, code: "ParameterNotFound", message: "")
        let key = AWSError(status: 400, code: "AccessDeniedException", message: "The ciphertext refers to a key")
        let reasons: [AWSFailure.Reason] = [
            .answered(denied), .answered(missing), .answered(key), .unreadable("x"),
            .unreachable(HTTPFailure(url: "https://ssm.example", reason: .noRoute("no route"))),
        ]
        for reason in reasons {
            try await withNode { shelf, files in
                shelf.fail(reason)
                #expect(try await renew(shelf, files, isAsked: true) == nil)
                #expect(try versions(files).inForce?.text == "a")
                #expect(try versions(files).unread?.contains("the node keeps version of a") == true)
                // It is tried again after a minute, and then at its usual time.
                try shelf.put("b")
                clock.advance(61)
                #expect(try await renew(shelf, files) == "b")
                #expect(try versions(files).unread == nil)
            }
        }
    }

    @Test func aNodeWithoutAVersionSaysWhatItLacks() async throws {
        try await withTemporaryRoot { (files) async throws in
            let shelf = try Shelf("a")
            shelf.fail(.answered(AWSError(status: 400, code: "AccessDeniedException", message: "no")))
            let failure = await #expect(throws: FleetUnread.self) { try await renew(shelf, files) }
            #expect(failure?.description.contains("allow ssm:GetParameter") == true)
            #expect(failure?.description.contains("the node has no version yet") == true)
            try shelf.put("a")
            await #expect(throws: FleetRefused.self) { try await renew(shelf, files, isRight: false) }
            #expect(try versions(files).inForce == nil)
        }
    }

    @Test func aVersionThatDoesNotWorkIsNotTriedAgainUntilItChanges() async throws {
        try await withNode { shelf, files in
            try shelf.put("b")
            #expect(try await renew(shelf, files, isAsked: true) == "b")
            let trial = try trial(files)
            #expect(trial.isSuspect([StepFailure(step: "postfix", cause: Refused())]))
            let document = try #require(try trial.goBack(because: "no"))
            #expect(try versions(files).inForce?.text == "a")
            try trial.refuse(document, because: "no")
            #expect(try await renew(shelf, files, isAsked: true) == nil)
            #expect(try versions(files).status.refused?.version == "of b")
            // An operator who reloads the agent wants another look, and so does another text.
            #expect(try await renew(shelf, files, isAsked: true, asksAnew: true) == "b")
            _ = try trial.goBack(because: "no")
            try trial.refuse(document, because: "no")
            try shelf.put("c")
            #expect(try await renew(shelf, files, isAsked: true) == "c")
        }
    }

    @Test func whatOthersAreToBlameForIsNotTheVersions() async throws {
        try await withNode { shelf, files in
            try shelf.put("b")
            _ = try await renew(shelf, files, isAsked: true)
            let throttled = AWSError(status: 400, code: "Throttling", message: "")
            let causes: [(String, any Error)] = [
                ("facts", Refused()), ("settings", Refused()),
                ("load balancer relay", AWSFailure(action: "x", reason: .answered(throttled))),
            ]
            for (step, cause) in causes {
                #expect(try !trial(files).isSuspect([StepFailure(step: step, cause: cause)]))
            }
            let leaving = StepFailure(step: "postfix", cause: Refused(), isLeaving: true)
            #expect(try !trial(files).isSuspect([leaving]))
        }
    }

    private func report(_ name: String, _ state: String) -> MembershipReport {
        MembershipReport(name: name, state: state, reason: "")
    }

    private func verdict(_ files: FileSystem, _ memberships: [MembershipReport]?) throws -> String {
        switch try trial(files).verdict(memberships, patience: .seconds(300)) {
        case .open: "open"
        case .works: "works"
        case .failed(let reason): reason
        }
    }

    private func withTrial(_ body: (FileSystem) async throws -> Void) async throws {
        try await withNode { shelf, files in
            try shelf.put("b")
            _ = try await renew(shelf, files, memberships: ["relay": true, "old": false], isAsked: true)
            try await body(files)
        }
    }

    @Test func aVersionWorksWhereTheLoadBalancersKeepTheNode() async throws {
        try await withTrial { (files) async throws in
            let (right, old) = (report("relay", "InService"), report("old", "OutOfService"))
            // Their checks take a while to see a change.
            #expect(try verdict(files, [right, old]) == "open")
            #expect(try verdict(files, nil) == "open")
            clock.advance(59)
            #expect(try verdict(files, [right, old]) == "open")
            clock.advance(1)
            #expect(try verdict(files, [right, old]) == "works")
        }
        // Without load balancers, there is nothing to wait for.
        try await withTrial { (files) async throws in #expect(try verdict(files, []) == "works") }
    }

    @Test func aLoadBalancerThatTakesTheNodeOutEndsTheTrialAtTheSecondLook() async throws {
        try await withTrial { (files) async throws in
            let (right, wrong) = (report("relay", "InService"), report("relay", "OutOfService"))
            clock.advance(20)
            #expect(try verdict(files, [wrong]) == "open")
            clock.advance(5)
            #expect(try verdict(files, [wrong]) == "open")
            // It may have been a check that failed by chance.
            #expect(try verdict(files, [right]) == "open")
            clock.advance(20)
            #expect(try verdict(files, [wrong]) == "open")
            clock.advance(10)
            #expect(try verdict(files, [wrong]) == "since then, relay has the node as OutOfService")
        }
    }

    @Test func aNewLoadBalancerHasItsUsualTime() async throws {
        try await withTrial { (files) async throws in
            let (right, new) = (report("relay", "InService"), report("new", "initial"))
            for _ in 1...3 {
                clock.advance(100)
                #expect(try verdict(files, [right, new]) == "open")
            }
            clock.advance(60)
            #expect(try verdict(files, [right, new]) == "since then, new has the node as initial")
            #expect(try verdict(files, [right, report("new", "healthy")]) == "works")
        }
    }

    @Test func theFirstVersionHasNothingToGoBackTo() async throws {
        try await withTemporaryRoot { (files) async throws in
            _ = try await renew(try Shelf("a"), files)
            let trial = try trial(files)
            #expect(!trial.isSuspect([StepFailure(step: "postfix", cause: Refused())]))
            #expect(try verdict(files, nil) == "works")
        }
    }

    /// A slip in the new place must not leave the node without settings.
    @Test func untilAnotherPlaceIsReadTheVersionOfTheFormerOneStays() async throws {
        try await withNode { (_, files) async throws in
            let other = FleetStore(files: files).versions(of: try FleetPlace("s3://bucket/key"))
            #expect(other.inForce?.place == "ssm:/config")
            #expect(other.isDue(at: clock.now, every: .seconds(300)))
            #expect(other.status.place == "s3://bucket/key")
        }
    }
}
