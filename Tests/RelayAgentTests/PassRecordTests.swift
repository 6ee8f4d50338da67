import AWS
import Host
import Reconcile
import RelayTestSupport
import Reports
import Resources
import SystemPackage
import Testing

@testable import RelayAgent

/// The record that a pass writes for status and monitoring.
struct PassRecordTests {
    private struct Silent: Error {}

    @Test func aPassWritesDownOnlyWhatItHasSeen() async throws {
        try await withTemporaryRoot { (files) async throws in
            var before = NodeStatus()
            before.parts = [NodeStatus.Part(name: "postfix", state: .asItShouldBe)]
            before.services = [NodeStatus.Service(name: "postfix", isActive: true, isEnabled: true, process: 5)]
            before.memberships = [MembershipReport(name: "load balancer relay", state: "InService", reason: "")]
            before.probes = [ProbeReport(.smtp, "a sender"), ProbeReport(.queueDisk, "room")]
            before.failures = [NodeStatus.Failure(at: 900, step: "packages", text: "no mirror")]
            try StatusFile(files: files).write(before)
            let record = PassRecord("the interval", files: files)
            record.report(ProbeReport(.smtp, "a sender", failure: "no answer"))
            record.report([StepFailure(step: "postfix", cause: Silent()), StepFailure(step: "health", cause: Silent())])
            let failure = StepFailure(step: "postfix", cause: Silent())
            await record.finish(
                PassRequest(trigger: "the interval", nextAfter: .seconds(60)),
                failure: failure,
                calls: APITally.Counts()
            )
            let written = try #require(StatusFile(files: files).read())
            #expect(written.services.isEmpty && written.memberships.isEmpty)
            #expect(written.probes.first { $0.probe == .smtp }?.isOld != true)
            #expect(written.probes.first { $0.probe == .queueDisk }?.isOld == true)
            #expect(written.failures.map(\.step).prefix(3) == ["postfix", "health", "packages"])
            #expect(written.parts.first?.state == .failed)
            let next = try #require(written.nextPassAt) - (try #require(written.lastPass?.startedAt))
            #expect(next <= 11)
        }
    }

    @Test func countersGoOnFromOneProcessToTheNext() async throws {
        try await withTemporaryRoot { files in
            let request = PassRequest(trigger: "a test")
            for _ in 1...2 {
                let record = PassRecord("a test", files: files)
                record.observe(.applied(resource: "nginx", changes: [Change(.service, "start nginx")]))
                try files.createDirectory("/run/smtp-relay-agent")
                await record.finish(request, failure: nil, calls: APITally.Counts(calls: 2, throttles: 1))
            }
            // A command that is no pass.
            try await APICallRecord(files: files).add(APITally.Counts(calls: 5))
            let last = PassRecord("a test", files: files)
            await last.finish(request, failure: StepFailure(step: "nginx", cause: Failed()), calls: APITally.Counts())
            let counters = try #require(StatusFile(files: files).read()).counters
            #expect(counters.passes == 3 && counters.failedPasses == 1 && counters.changes == ["nginx": 1 + 1])
            #expect(counters.apiCalls == 9 && counters.apiThrottles == 2)
            let file = try #require(try files.file(at: MetricsFile.path))
            #expect(file.attributes.permissions == .worldReadable)
            #expect(String(decoding: file.bytes, as: UTF8.self).contains("smtp_relay_agent_api_calls_total 9\n"))
        }
    }

    private struct Failed: Error {}

    @Test func whereTheAgentKeepsNothingNoCallIsWrittenDown() async throws {
        try await withTemporaryRoot { files in
            try await APICallRecord(files: files).add(APITally.Counts(calls: 1))
            #expect(try files.names(in: "/") == [])
        }
    }
}
