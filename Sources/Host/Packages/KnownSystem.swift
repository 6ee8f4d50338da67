package import Vocabulary

/// An operating system that relays are known to run on, and what it needs of its own before packages can be installed.
package struct KnownSystem: Sendable, Equatable {
    /// What a system does, once, so that its repositories have a package.
    package enum RepositoryStep: Sendable, Equatable {
        /// A program of the system's own.
        case command([String])
        /// A package that brings a repository.
        case package(String)
    }

    /// For people: `Amazon Linux 2`.
    package let name: String
    /// `ID` of os-release(5).
    package let ids: [String]
    /// `VERSION_ID` as far as its first dot.
    package let version: String
    /// Where nginx comes from, if not from the repositories that are enabled on a fresh instance.
    package let nginx: RepositoryStep?

    /// The system with these names; `nil` for one that is not in the list.
    package static func named(_ system: OperatingSystem) -> KnownSystem? {
        let version = system.versionID.prefix { $0 != "." }
        return all.first { $0.ids.contains(system.id) && $0.version == version }
    }

    /// A new operating system is one line here. The sources are beside the tests' data.
    package static let all: [KnownSystem] = [
        KnownSystem(name: "Amazon Linux 1", ids: ["amzn"], version: "2018", nginx: nil),
        KnownSystem(name: "Amazon Linux 2", ids: ["amzn"], version: "2", nginx: extras),
        KnownSystem(name: "Amazon Linux 2023", ids: ["amzn"], version: "2023", nginx: nil),
        KnownSystem(name: "CentOS 7", ids: ["centos"], version: "7", nginx: .package("epel-release")),
        KnownSystem(
            name: "RHEL 8",
            ids: rhel,
            version: "8",
            nginx: .command(["dnf", "-y", "module", "enable", "nginx"])
        ),
        KnownSystem(name: "RHEL 9", ids: rhel, version: "9", nginx: nil),
        KnownSystem(name: "RHEL 10", ids: rhel, version: "10", nginx: nil),
    ]

    /// RHEL, and those that are built from its sources.
    private static let rhel = ["rhel", "rocky", "almalinux"]
    /// What a system that is not in the list does as well, where it has the program.
    static let extras = RepositoryStep.command(["amazon-linux-extras", "enable", "nginx1"])
}
