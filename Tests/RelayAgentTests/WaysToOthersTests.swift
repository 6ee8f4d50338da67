import AWS
import RelayTestSupport
import Resources
import Synchronization
import Testing

@testable import RelayAgent

struct WaysToOthersTests {
    private struct Place: LoadBalancerPlace {
        let name: String
        let way: Result<String?, AWSFailure>
        let member = "i-0"

        func standing() -> Standing { Standing(.out, state: "not registered") }
        func side() -> String { "" }
        func review() -> PlaceReview { PlaceReview(findings: { [] }, way: { nil }) }
        func join() {}
        func leave() {}
        func wayToOthers() throws -> String? { try way.get() }
    }

    private func failure(_ code: String) -> AWSFailure {
        let error = AWSError(status: 403, code: code, message: "no")
        return AWSFailure(action: "elasticloadbalancing:DescribeLoadBalancers", reason: .answered(error))
    }

    private func ways(
        _ places: [Place],
        known: [String: String] = [:]
    ) async throws -> (ways: [String], told: [String]) {
        try await withTemporaryRoot { files in
            let memory = KnownWays(files: files)
            for (place, way) in known { try memory.note(way, by: place) }
            let told = Mutex<[String]>([])
            let ways = WaysToOthers(places: places, known: memory, deadline: .now + .seconds(10))
            let found = await ways.all { text in told.withLock { $0.append(text) } }
            return (found, told.withLock { $0 })
        }
    }

    @Test func thePlacesAreTriedInTheOrderOfTheSettings() async throws {
        let places = ["a", "b", "c"].map { Place(name: $0, way: .success("[\($0).example]:25")) }
        #expect(try await ways(places).ways == ["[a.example]:25", "[b.example]:25", "[c.example]:25"])
    }

    @Test func whereAWSDeniesTheQuestionTheLastKnownWayIsTried() async throws {
        let place = Place(name: "a", way: .failure(failure("AccessDenied")))
        let (found, told) = try await ways([place], known: ["a": "[a.example]:25"])
        #expect(found == ["[a.example]:25"])
        #expect(told.count == 1 && told[0].contains("its last known address is tried"))
        #expect(try await ways([place]).ways.isEmpty)
    }

    @Test func noWayLeadsThroughADeletedLoadBalancerOrToNobody() async throws {
        let places = [
            Place(name: "a", way: .failure(failure("LoadBalancerNotFound"))), Place(name: "b", way: .success(nil)),
        ]
        let (found, told) = try await ways(places, known: ["a": "[a.example]:25", "b": "[b.example]:25"])
        #expect(found.isEmpty)
        #expect(told.count == 2)
    }

    @Test func aWayIsKeptUntilNoneLeadsThere() async throws {
        try await withTemporaryRoot { files in
            let known = KnownWays(files: files)
            try known.note("[a.example]:25", by: "a")
            try known.note("[b.example]:25", by: "b")
            try known.note(nil, by: "b")
            #expect(known.way(by: "a") == "[a.example]:25")
            #expect(known.way(by: "b") == nil)
        }
    }
}
