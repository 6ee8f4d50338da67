import Host
import Reconcile
import RelayTestSupport
import Resources
import SystemPackage
import Testing

struct FileLabelsTests {
    private static let (mainCf, health): (FilePath, FilePath) = ("/etc/postfix/main.cf", "/run/www/health")
    private static let right = SecurityContext("system_u:object_r:postfix_etc_t:s0")
    private static let wrong = SecurityContext("system_u:object_r:user_tmp_t:s0")
    private static let question = "restorecon -F -i -n -v \(mainCf)"
    private static let cure = "restorecon -F -i \(mainCf)"

    private func withFiles(_ body: (FileSystem, ScriptedRunner, FileLabels) async throws -> Void) async throws {
        try await withTemporaryRoot { files in
            for folder: FilePath in ["/sys/fs/selinux", "/etc/postfix", "/run/www"] {
                try files.createDirectory(folder)
            }
            for path in ["/sys/fs/selinux/enforce", Self.mainCf, Self.health] { try files.put([], at: path) }
            try files.setContext(Self.right, of: Self.mainCf)
            try files.setContext(.webContent, of: Self.health)
            let runner = ScriptedRunner()
            let labels = make(files, runner)
            try await body(files, runner, labels)
        }
    }

    private func make(_ files: FileSystem, _ runner: ScriptedRunner) -> FileLabels {
        FileLabels(
            { [Self.mainCf, "/etc/postfix/not-there"] },
            shown: [Self.health, "/run/www/not-there"],
            runner: runner,
            files: files,
            warn: { Issue.record("\($0)") }
        )
    }

    private func converge(_ labels: FileLabels) async throws -> [String] {
        try await Reconciler([labels]).converge { _ in }.map(\.summary)
    }

    @Test(arguments: [
        "Would relabel \(mainCf) from \(wrong) to \(right)", "restorecon reset \(mainCf) context \(wrong)->\(right)",
    ])
    func aWrongLabelIsDriftAndTheToolIsAskedOnlyOfChanges(answer: String) async throws {
        try await withFiles { files, runner, labels in
            runner.expect(Self.question)
            #expect(try await converge(labels).isEmpty)
            #expect(try await converge(labels).isEmpty)
            #expect(runner.lines == [Self.question])
            try files.setContext(Self.wrong, of: Self.mainCf)
            let answers = [
                Self.question: CommandOutput(status: 0, standardOutput: answer + "\n"),
                Self.cure: CommandOutput(status: 0),
            ]
            let later = ScriptedRunner(answers)
            let changes = try await converge(make(files, later))
            #expect(changes == ["restore the SELinux label of \(Self.mainCf)"])
            #expect(later.lines == [Self.question, Self.cure])
        }
    }

    @Test func anotherPolicyIsReasonToAsk() async throws {
        try await withFiles { files, runner, labels in
            runner.expect(Self.question)
            #expect(try await converge(labels).isEmpty)
            try files.createDirectory("/etc/selinux/targeted/contexts/files")
            try files.put([], at: "/etc/selinux/targeted/contexts/files/file_contexts.local")
            #expect(try await converge(labels).isEmpty)
            #expect(try await converge(labels).isEmpty)
            #expect(runner.lines == [Self.question, Self.question])
        }
    }

    @Test func whatNginxShowsIsLabelledWithoutAsking() async throws {
        try await withFiles { files, runner, labels in
            runner.expect(Self.question)
            #expect(try await converge(labels).isEmpty)
            try files.setContext(Self.wrong, of: Self.health)
            #expect(try await converge(labels) == ["restore the SELinux label of \(Self.health)"])
            #expect(files.context(of: Self.health) == .webContent)
            #expect(runner.lines == [Self.question])
        }
    }

    @Test func aToolThatFailsStopsNothing() async throws {
        try await withFiles { files, runner, _ in
            runner.expect(Self.question, failure: .notFound)
            try await confirmation { warned in
                let labels = FileLabels(
                    { [Self.mainCf] },
                    shown: [],
                    runner: runner,
                    files: files,
                    warn: { _ in warned() }
                )
                let changes = try await converge(labels)
                #expect(changes.isEmpty)
            }
            #expect(!files.exists(FileLabels.record))
        }
    }
}
