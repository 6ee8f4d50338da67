import Host
import RelayTestSupport
import Synchronization
import SystemPackage
import Testing
import Vocabulary

/// The step that a system takes before it installs nginx, where no enabled repository has nginx.
struct SystemPackagesTests {
    private static let enable = "amazon-linux-extras enable nginx1"
    private static let centOS7 = KnownSystem.all.first { $0.name == "CentOS 7" }
    private static let rhel8 = KnownSystem.all.first { $0.name == "RHEL 8" }
    private static let amazonLinux2 = KnownSystem.all.first { $0.name == "Amazon Linux 2" }

    /// Repositories that have nginx from some install on.
    private final class Repositories: PackageManager {
        private let missing: Mutex<[[String]]>
        private let log = Mutex<[[String]]>([])

        init(missing: [[String]]) { self.missing = Mutex(missing) }

        var asked: [[String]] { log.withLock { $0 } }

        func install(
            _ packages: [String],
            timeout: Duration,
            onWait: @Sendable (String) -> Void
        ) async throws(PackageFailure) {
            log.withLock { $0.append(packages) }
            let lacking = missing.withLock { $0.isEmpty ? [] : $0.removeFirst() }
            guard !lacking.isEmpty else { return }
            throw PackageFailure(command: Command("yum", []), reason: .missing(lacking), output: "", waited: .zero)
        }
    }

    private func install(
        _ repositories: Repositories,
        on system: KnownSystem?,
        runner: ScriptedRunner = ScriptedRunner(),
        programs: [String] = []
    ) async throws -> (failure: PackageFailure?, told: [String]) {
        try await withTemporaryRoot { files in
            for program in programs {
                try files.createDirectory("/usr/bin")
                let attributes = FileAttributes(permissions: FilePermissions(rawValue: 0o755))
                try files.replace(FilePath("/usr/bin/\(program)"), with: [], attributes: attributes)
            }
            let packages = SystemPackages(repositories, system: system, runner: runner, files: files)
            let told = Mutex<[String]>([])
            do throws(PackageFailure) {
                try await packages.install(["postfix", "nginx"], timeout: .seconds(5)) { what in
                    told.withLock { $0.append(what) }
                }
                return (nil, told.withLock { $0 })
            } catch {
                return (error, told.withLock { $0 })
            }
        }
    }

    @Test func nothingIsEnabledWhereTheRepositoriesHaveAll() async throws {
        let repositories = Repositories(missing: [])
        let (failure, told) = try await install(repositories, on: Self.amazonLinux2)
        #expect(failure == nil)
        #expect(told.isEmpty)
        #expect(repositories.asked == [["postfix", "nginx"]])
    }

    @Test func amazonLinux2EnablesTheTopic() async throws {
        let repositories = Repositories(missing: [["nginx"]])
        let runner = ScriptedRunner([Self.enable: CommandOutput(status: 0)])
        let (failure, told) = try await install(repositories, on: Self.amazonLinux2, runner: runner)
        #expect(failure == nil)
        #expect(runner.lines == [Self.enable])
        #expect(told == ["'\(Self.enable)', which enables the repository of nginx"])
        #expect(repositories.asked == [["postfix", "nginx"], ["postfix", "nginx"]])
    }

    @Test func centOS7InstallsEPEL() async throws {
        let repositories = Repositories(missing: [["nginx"]])
        let (failure, told) = try await install(repositories, on: Self.centOS7)
        #expect(failure == nil)
        #expect(told == ["the package 'epel-release', which brings the repository of nginx"])
        #expect(repositories.asked == [["postfix", "nginx"], ["epel-release"], ["postfix", "nginx"]])
    }

    @Test func anUnknownSystemGoesByWhatItHas() async throws {
        let runner = ScriptedRunner([Self.enable: CommandOutput(status: 0)])
        let extras = ["amazon-linux-extras"]
        let (failure, _) = try await install(
            Repositories(missing: [["nginx"]]),
            on: nil,
            runner: runner,
            programs: extras
        )
        #expect(failure == nil)
        #expect(runner.lines == [Self.enable])
        #expect(try await install(Repositories(missing: [["nginx"]]), on: nil).failure?.reason == .missing(["nginx"]))
    }

    @Test func aPackageThatStaysMissingIsToldAndTriedOnce() async throws {
        let repositories = Repositories(missing: [["nginx"], [], ["nginx"]])
        let (failure, _) = try await install(repositories, on: Self.centOS7)
        #expect(failure?.reason == .missing(["nginx"]))
        #expect(repositories.asked.count == 3)
    }

    @Test func noStepIsTakenForAnotherPackage() async throws {
        let repositories = Repositories(missing: [["postfix"]])
        let (failure, told) = try await install(repositories, on: Self.amazonLinux2)
        #expect(failure?.reason == .missing(["postfix"]))
        #expect(told.isEmpty)
    }

    @Test func aStepThatFailsIsNamedWithItsWords() async throws {
        let runner = ScriptedRunner([Self.enable: CommandOutput(status: 1, standardError: "Topic nginx1 is not found.")]
        )
        let (failure, _) = try await install(Repositories(missing: [["nginx"]]), on: Self.amazonLinux2, runner: runner)
        #expect(failure?.reason == .notEnabled("nginx", cure: RepositoryStep.extras.cure))
        let text = failure?.description ?? ""
        #expect(text.contains("'\(Self.enable)' failed"))
        #expect(text.contains("Topic nginx1 is not found."))
        #expect(text.contains("run it by hand"))
    }

    /// The text is dnf 4.14's, where several streams are there and none of them is the default.
    @Test func withoutADefaultStreamAPersonChoosesOne() async throws {
        let enable = "dnf -y module enable nginx"
        let words = """
            Argument 'nginx' matches 2 streams ('1.20', '1.22') of module 'nginx', but none of the streams are enabled or \
            default
            Unable to resolve argument nginx
            Error: Problems in request:
            broken groups or modules: nginx
            """
        let runner = ScriptedRunner([enable: CommandOutput(status: 1, standardError: words)])
        let repositories = Repositories(missing: [["nginx"]])
        let (failure, told) = try await install(repositories, on: Self.rhel8, runner: runner)
        #expect(told == ["'\(enable)', which enables the repository of nginx"])
        let text = failure?.description ?? ""
        #expect(text.contains("dnf module enable nginx:STREAM"))
        #expect(text.contains("'1.20', '1.22'"))
        #expect(repositories.asked.count == 1)
    }

    @Test func aReleasePackageThatIsNowhereIsNamedWithWhereToHaveIt() async throws {
        let repositories = Repositories(missing: [["nginx"], ["epel-release"]])
        let (failure, _) = try await install(repositories, on: Self.centOS7)
        #expect(failure?.reason == .notEnabled("nginx", cure: RepositoryStep.epel.cure))
        #expect(failure?.description.contains("archives.fedoraproject.org/pub/archive/epel/7/") == true)
        #expect(repositories.asked == [["postfix", "nginx"], ["epel-release"]])
    }
}
