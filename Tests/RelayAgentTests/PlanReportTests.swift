import Host
import Reconcile
import RelayAgent
import RelayTestSupport
import SystemPackage
import Testing

private struct Part: Resource {
    let name: String
    var onceConverged: String?
    let changes: [Change]

    func check() -> Check { changes.isEmpty ? .inSync : .drifted(Drift(changes) {}) }
}

struct PlanReportTests {
    @Test func nothingToDoIsSaid() async throws {
        let plan = try await Reconciler([Part(name: "postfix", changes: [])]).plan()
        #expect(PlanReport(plan).description == "Nothing to do.\n")
    }

    @Test func diffsAndLaterChangesAreShown() async throws {
        let file = Change(.file, "edit /f", diff: "--- /f\n+++ /f\n")
        let plan = try await Reconciler([
            Part(name: "postfix", changes: [file, Change(.service, "reload postfix")]),
            Part(name: "nginx", changes: []),
            Part(name: "health", onceConverged: "publish", changes: []),
        ]).plan()
        #expect(
            PlanReport(plan).description == """
                # postfix
                edit /f
                --- /f
                +++ /f
                reload postfix
                # health, after the changes above
                publish
                2 changes to make.

                """
        )
    }
}

struct InstallationTests {
    @Test func theProgramIsCopiedOnceWithItsMode() async throws {
        try await withTemporaryRoot { files in
            try files.replace("/new", with: [1, 2, 3], attributes: FileAttributes())
            let installation = Installation(files: files, running: "/new")
            #expect(try installation.install())
            #expect(try !installation.install())
            let file = try #require(try files.file(at: "/usr/local/bin/smtp-relay-agent"))
            #expect(file.bytes == [1, 2, 3])
            #expect(file.attributes.permissions.rawValue == 0o755)
        }
    }
}
