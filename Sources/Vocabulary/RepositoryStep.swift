/// The step that a system takes once, so that its repositories have a package.
package struct RepositoryStep: Sendable, Equatable {
    package enum Way: Sendable, Equatable {
        /// A program of the system's own.
        case command([String])
        /// A package that brings a repository.
        case package(String)
    }

    package let way: Way
    /// The cure where the step fails.
    package let cure: String

    /// Amazon Linux 2: nginx is a topic of its extras library.
    package static let extras = RepositoryStep(
        way: .command(["amazon-linux-extras", "enable", "nginx1"]),
        cure: "'amazon-linux-extras list' shows the topics; run it by hand, or enable another repository that has nginx"
    )
    /// CentOS 7: the package is in CentOS's own `extras`, and the same one in EPEL's archive.
    package static let epel = RepositoryStep(
        way: .package("epel-release"),
        cure: """
            CentOS's own repository 'extras' has it; where that is not to be had, so does EPEL's archive: yum install \
            https://archives.fedoraproject.org/pub/archive/epel/7/x86_64/Packages/e/epel-release-7-14.noarch.rpm
            """
    )
    /// RHEL 8: nginx is a module, and `dnf install nginx` takes its default stream by itself, unless the module is
    /// disabled or there is no default any more.
    package static let module = RepositoryStep(
        way: .command(["dnf", "-y", "module", "enable", "nginx"]),
        cure: "'dnf module list nginx' shows the streams; enable one of them: dnf module enable nginx:STREAM"
    )
}
