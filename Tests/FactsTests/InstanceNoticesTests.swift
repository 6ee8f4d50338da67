import Facts
import HTTP
import RelayTestSupport
import Testing

struct InstanceNoticesTests {
    private static let action = "spot/instance-action"

    private func read(lifeCycle: String?) async throws -> (notices: InstanceNotices, asked: [String]) {
        var values = [Self.action: #"{"action": "stop", "time": "2026-11-24T08:22:00Z"}"#]
        values["instance-life-cycle"] = lifeCycle
        let service = FakeMetadata(values)
        let metadata = MetadataClient(service, ManualTime()).reader()
        let first = try await InstanceNotices.read(from: metadata)
        let second = try await InstanceNotices.readUrgent(from: metadata, isOnDemand: first.isOnDemand)
        #expect(first.spotInterruption == second.spotInterruption && first.isOnDemand == second.isOnDemand)
        return (first, service.requests.map(\.url).filter { $0.hasSuffix(Self.action) })
    }

    @Test func anOnDemandInstanceIsNotAskedForInterruptions() async throws {
        let (notices, asked) = try await read(lifeCycle: "on-demand\n")
        #expect(notices.isOnDemand && notices.spotInterruption == nil && asked.isEmpty)
    }

    /// EC2 has more kinds than these, and some metadata services leave it out.
    @Test(arguments: ["spot", "scheduled", "capacity-block", "interruptible", "", nil])
    func anyOtherIs(lifeCycle: String?) async throws {
        let (notices, asked) = try await read(lifeCycle: lifeCycle)
        #expect(!notices.isOnDemand && notices.spotInterruption != nil && asked.count == 2)
    }
}
