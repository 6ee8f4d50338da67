import AWS
import AgentLog
import Facts
import Host
import Logging
import RelayTestSupport
import Reconcile
import RelayNode
import SystemPackage
import Testing
import Vocabulary

@testable import RelayAgent
@testable import Reports

struct SenderStatusTests {
    private func settings() throws -> SenderSettings {
        SenderSettings(relayhost: try RelayHost("[relay.example.com]:25"))
    }

    @Test func theStatusSaysTheRoleAndWhereMailGoes() async throws {
        try await withTemporaryRoot { files in
            let record = PassRecord("reconcile", files: files)
            let system = OperatingSystem(id: "debian", idLike: [], versionID: "12", prettyName: "Debian 12")
            record.begin(try settings(), system: system, parts: ["packages", "units", "postfix"])
            await record.finish(PassRequest(trigger: "reconcile"), failure: nil, calls: .init())
            let report = try #require(StatusReport(files: files))
            let table = report.lines().joined(separator: "\n")
            #expect(table.contains("\nnode       sender, whose mail goes to [relay.example.com]:25\n"))
            #expect(!table.contains("networks"))
            #expect(report.json.contains(#""role" : "sender""#))
        }
    }

    @Test func nothingIsLeftWhenTheSystemGoesDown() throws {
        #expect(ResidentSettings(try settings()).shutdown == nil)
        #expect(ResidentSettings().shutdown != nil)
        #expect(ResidentSettings(try settings()).watched.contains("/etc/postfix/main.cf"))
        #expect(!ResidentSettings(try settings()).watched.contains("/etc/nginx/nginx.conf"))
    }
}

struct SenderCheckTests {
    /// A relay is known by the folder of this version, and by that of versions before the generations.
    @Test(arguments: ["generations", "proven"])
    func aHostThatWasARelayIsRefused(folder: String) async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory(FilePath("/var/lib/smtp-relay-agent/\(folder)/nginx"))
            let settings = SenderSettings(relayhost: try RelayHost("[10.0.0.25]:25"))
            let log = StepLog(Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            let check = SenderCheck(
                SenderPostfix(settings, authorities: ""),
                host: .fake(files: files),
                log: log
            )
            let failure = await #expect(throws: StepFailure.self) { try await check.check() }
            #expect(failure?.cause is WasRelay)
        }
    }
}
