import Facts
import Host
import SystemPackage
import Testing
import Vocabulary

@Suite struct OperatingSystemTests {
    @Test func readsQuotedAndPlainValues() {
        let system = OperatingSystem(
            osRelease: """
                # A comment, and an empty line

                NAME="CentOS Linux"
                VERSION="7 (Core)"
                ID="centos"
                ID_LIKE="rhel fedora"
                VERSION_ID='7'
                PRETTY_NAME="CentOS \\"Linux\\" 7 \\$x \\\\ \\`y\\`"
                no assignment
                """
        )
        #expect(system.id == "centos")
        #expect(system.idLike == ["rhel", "fedora"])
        #expect(system.versionID == "7")
        #expect(system.prettyName == #"CentOS "Linux" 7 $x \ `y`"#)
    }

    @Test func readsAmazonLinux() {
        let system = OperatingSystem(
            osRelease: "NAME=\"Amazon Linux\"\r\nID=amzn  \nVERSION_ID=\"2023\"\nID_LIKE=fedora\n"
        )
        #expect(system.id == "amzn")
        #expect(system.idLike == ["fedora"])
        #expect(system.versionID == "2023")
        #expect(system.prettyName == "Amazon Linux")
    }

    @Test(arguments: ["", "\n\n", "ID", "=x"])
    func hasDefaults(text: String) {
        let system = OperatingSystem(osRelease: text)
        #expect(system == OperatingSystem(id: "linux", idLike: [], versionID: "", prettyName: "linux"))
    }

    @Test(arguments: [("'a\\b'", #"a\b"#), ("\"", "\""), ("\"a", "\"a"), ("''", ""), ("a'b", "a'b"), ("a=b", "a=b")])
    func takesQuotesOff(text: String, expected: String) {
        #expect(OperatingSystem(osRelease: "VERSION_ID=\(text)").versionID == expected)
    }

    @Test(arguments: [
        ("Amazon Linux AMI release 2018.03\n", "amzn", "2018.03"), ("CentOS release 6.10 (Final)\n", "centos", "6.10"),
        ("Red Hat Enterprise Linux Server release 6.10 (Santiago)\n", "rhel", "6.10"), ("", "linux", ""),
    ])
    func readsTheOlderFile(text: String, id: String, version: String) {
        let system = OperatingSystem(systemRelease: text)
        #expect(system.id == id)
        #expect(system.versionID == version)
        #expect(system.prettyName == (text.isEmpty ? "Linux" : String(text.dropLast())))
    }

    @Test func readsTheFirstFileThatIsThere() throws {
        let root = FilePath("/tmp/smtp-relay-agent-facts.\(UInt64.random(in: 0 ... .max))")
        let files = FileSystem(root: root)
        try FileSystem().createDirectory(root)
        try files.createDirectory("/etc")
        try files.createDirectory("/usr/lib")
        defer { Self.removeAll(root) }
        #expect(OperatingSystem(files: files).prettyName == "Linux")
        for (path, text, id) in [
            ("/etc/system-release", "CentOS release 6.10 (Final)\n", "centos"),
            ("/usr/lib/os-release", "ID=usr", "usr"),
            ("/etc/os-release", "ID=etc", "etc"),
        ] {
            try files.replace(FilePath(path), with: Array(text.utf8), attributes: FileAttributes())
            #expect(OperatingSystem(files: files).id == id)
        }
    }

    /// Takes away what the test made, level by level.
    private static func removeAll(_ root: FilePath) {
        let files = FileSystem(root: root)
        for folder: FilePath in ["/etc", "/usr/lib", "/usr", "/"] { try? files.removeDirectory(folder) }
    }
}
