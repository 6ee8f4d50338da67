import Facts
import Host
import SystemPackage
import Testing
import Vocabulary

/// The systems' own release files, as far as they name the system.
struct KnownSystemTests {
    private static let osReleases: [(text: String, name: String)] = [
        // docs.aws.amazon.com/linux/al2023/ug/ident-os-release.html
        (
            """
            NAME="Amazon Linux AMI"
            VERSION="2018.03"
            ID="amzn"
            ID_LIKE="rhel fedora"
            VERSION_ID="2018.03"
            PRETTY_NAME="Amazon Linux AMI 2018.03"
            CPE_NAME="cpe:/o:amazon:linux:2018.03:ga"
            """, "Amazon Linux 1"
        ),
        // The same page.
        (
            """
            NAME="Amazon Linux"
            VERSION="2023"
            ID="amzn"
            ID_LIKE="fedora"
            VERSION_ID="2023"
            PLATFORM_ID="platform:al2023"
            PRETTY_NAME="Amazon Linux 2023.8.20250721"
            """, "Amazon Linux 2023"
        ),
        // github.com/chef/os_release/blob/main/redhat_8
        (
            """
            NAME="Red Hat Enterprise Linux"
            VERSION="8.0 (Ootpa)"
            ID="rhel"
            ID_LIKE="fedora"
            VERSION_ID="8.0"
            PLATFORM_ID="platform:el8"
            PRETTY_NAME="Red Hat Enterprise Linux 8.0 Beta (Ootpa)"
            """, "RHEL 8"
        ),
        // github.com/chef/os_release/blob/main/rocky_8
        ("NAME=\"Rocky Linux\"\nVERSION=\"8\"\nID=\"rocky\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"8\"\n", "RHEL 8"),
        // github.com/chef/os_release/blob/main/alma_10
        (
            """
            NAME="AlmaLinux"
            VERSION="10.0 (Purple Lion)"
            ID="almalinux"
            ID_LIKE="rhel centos fedora"
            VERSION_ID="10.0"
            """, "RHEL 10"
        ),
    ]

    @Test(arguments: osReleases)
    func osReleaseNamesTheSystem(text: String, name: String) {
        #expect(KnownSystem.named(OperatingSystem(osRelease: text))?.name == name)
    }

    /// The systems that machines of the lab use.
    @Test(arguments: [
        ("amazon-linux-2", "Amazon Linux 2"), ("centos-7", "CentOS 7"), ("rocky-8", "RHEL 8"),
        ("almalinux-9", "RHEL 9"), ("almalinux-10", "RHEL 10"),
    ])
    func osReleaseOfTheLabNamesTheSystem(file: String, name: String) throws {
        let tests = FilePath(#filePath).removingLastComponent().removingLastComponent()
        let text = try FileSystem().bytes(at: tests.appending("Lab/relaylab/os-release/\(file)"))
        #expect(KnownSystem.named(OperatingSystem(osRelease: String(decoding: text, as: UTF8.self)))?.name == name)
    }

    @Test(arguments: [
        ("Amazon Linux AMI release 2018.03\n", "Amazon Linux 1"),
        ("Amazon Linux release 2 (Karoo)\n", "Amazon Linux 2"),
        ("CentOS Linux release 7.9.2009 (Core)\n", "CentOS 7"),
    ])
    func systemReleaseNamesItToo(text: String, name: String) {
        #expect(KnownSystem.named(OperatingSystem(systemRelease: text))?.name == name)
    }

    @Test(arguments: [
        "ID=debian\nVERSION_ID=12", "ID=amzn\nVERSION_ID=2027", "ID=rhel\nVERSION_ID=10x", "", "ID=centos\n",
    ])
    func allOthersAreUnknown(text: String) {
        #expect(KnownSystem.named(OperatingSystem(osRelease: text)) == nil)
    }

    @Test func eachSystemIsThereOnce() {
        let names = KnownSystem.all.flatMap { system in system.ids.map { "\($0) \(system.version)" } }
        #expect(Set(names).count == names.count)
    }

    /// - Amazon Linux 1: amzn-main and amzn-updates (gist.github.com/nasa114/6204fa9f6d3b350c9985a6712c40cbf5).
    /// - Amazon Linux 2: docs.aws.amazon.com/linux/al2/ug/al2-extras.html, the topic as in
    ///   gist.github.com/v0lkan/2313380e64026ab4eebb37923c1b7b24.
    /// - CentOS 7: EPEL 7 (packages.fedoraproject.org/pkgs/nginx/nginx-mod-stream/); its release package is still installed
    ///   by name (github.com/rstudio/r-builds/pull/234, August 2024).
    /// - RHEL 8, 9, 10: AppStream (zabbix.com/documentation/8.0, manual/appendix/install/nginx); on 8 a module whose stream
    ///   1.14 is the default, and what 'dnf install nginx' takes (github.com/rocky-linux/documentation/issues/605,
    ///   github.com/jfrog/JFrog-Cloud-Installers/issues/167); on 9 a plain package
    ///   (access.redhat.com/errata/RHSA-2023:5711).
    @Test func nginxComesFromWhereEachSystemHasIt() {
        let steps = Dictionary(uniqueKeysWithValues: KnownSystem.all.map { ($0.name, $0.nginx?.way) })
        #expect(
            steps == [
                "Amazon Linux 1": nil,
                "Amazon Linux 2": .command(["amazon-linux-extras", "enable", "nginx1"]),
                "Amazon Linux 2023": nil,
                "CentOS 7": .package("epel-release"),
                "RHEL 8": .command(["dnf", "-y", "module", "enable", "nginx"]),
                "RHEL 9": nil,
                "RHEL 10": nil,
            ]
        )
    }
}
