/// An operating system that relays are known to run on, with its differences from others.
package struct KnownSystem: Sendable, Equatable {
    /// The name for people: `Amazon Linux 2`.
    package let name: String
    /// `ID` of os-release(5).
    package let ids: [String]
    /// `VERSION_ID` as far as its first dot.
    package let version: String
    /// The step that brings nginx where the enabled repositories lack it, or are not set up for it.
    package let nginx: RepositoryStep?
    /// The oldest Postfix that the system has had.
    package let postfix: PostfixVersion

    /// The system with these names; `nil` for one that is not in the list.
    package static func named(_ system: OperatingSystem) -> KnownSystem? {
        let version = system.versionID.prefix { $0 != "." }
        return all.first { $0.ids.contains(system.id) && $0.version == version }
    }

    /// A new operating system is one line here. The sources are beside the tests' data.
    package static let all: [KnownSystem] = [
        KnownSystem("Amazon Linux 1", ["amzn"], "2018", postfix: "2.6"),
        KnownSystem("Amazon Linux 2", ["amzn"], "2", nginx: .extras, postfix: "2.10"),
        KnownSystem("Amazon Linux 2023", ["amzn"], "2023", postfix: "3.7"),
        KnownSystem("CentOS 7", ["centos"], "7", nginx: .epel, postfix: "2.10"),
        KnownSystem("RHEL 8", rhel, "8", nginx: .module, postfix: "3.3"),
        KnownSystem("RHEL 9", rhel, "9", postfix: "3.5"),
        KnownSystem("RHEL 10", rhel, "10", postfix: "3.8"),
    ]

    private init(
        _ name: String,
        _ ids: [String],
        _ version: String,
        nginx: RepositoryStep? = nil,
        postfix: String
    ) {
        self.name = name
        self.ids = ids
        self.version = version
        self.nginx = nginx
        self.postfix = PostfixVersion(postfix)
    }

    /// RHEL, and those that are built from its sources.
    private static let rhel = ["rhel", "rocky", "almalinux"]
}
