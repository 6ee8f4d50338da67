import RelayTestSupport
import SystemPackage
import Testing

@testable import Host

/// The lines of yum's and dnf's configuration that keep a package out.
struct PackageExcludesTests {
    @Test(arguments: [
        ("/etc/dnf/dnf.conf", "[main]\nexcludepkgs=nginx*\n", "excludepkgs=nginx*"),
        ("/etc/yum.conf", "[main]\nexclude = kernel* , nginx\n", "exclude=nginx"),
        ("/etc/yum.conf", "[main]\nexclude=kernel*\n  nginx-*\n", "exclude=nginx-*"),
    ])
    func theLineThatExcludesAPackageIsNamed(path: FilePath, text: String, line: String) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory(path.removingLastComponent())
            try files.put(Array(text.utf8), at: path)
            #expect(PackageExcludes(files: files).lines(excluding: "nginx") == ["\(path): \(line)"])
            #expect(PackageExcludes(files: files).lines(excluding: "postfix").isEmpty)
        }
    }

    @Test func aRepositoryThatLeavesAPackageOutIsNamedApart() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc/yum.repos.d")
            try files.put(Array("[a]\nenabled=1\nexclude=ng?nx.x86_64\n".utf8), at: "/etc/yum.repos.d/a.repo")
            let excludes = PackageExcludes(files: files)
            #expect(excludes.lines(excluding: "nginx").isEmpty)
            let line = "/etc/yum.repos.d/a.repo: exclude=ng?nx.x86_64"
            #expect(excludes.linesOfRepositories(excluding: "nginx") == [line])
            #expect(excludes.linesOfRepositories(excluding: "postfix").isEmpty)
        }
    }

    @Test(arguments: ["nginx-1:1.20.1-14.el9.*", "1:nginx-1.12.2-2.el7.*", "!nginx", "!1:nginx-1.20*"])
    func aLockOfVersionsIsNamed(line: String) async throws {
        try await withTemporaryRoot { files in
            let path: FilePath = "/etc/yum/pluginconf.d/versionlock.list"
            try files.createDirectory(path.removingLastComponent())
            try files.put(Array("# a comment\nnginx-mod-stream-1.0-1.*\n\(line)\n".utf8), at: path)
            #expect(PackageExcludes(files: files).lines(excluding: "nginx") == ["\(path): \(line)"])
        }
    }

    @Test(arguments: [
        "[main]\n#exclude=nginx\n", "[main]\nexclude=nginx-mod-*\n", "[a]\nenabled=0\nexclude=nginx\n", "",
    ])
    func anyOtherLineExcludesNothing(text: String) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc/yum.repos.d")
            try files.put(Array(text.utf8), at: "/etc/yum.repos.d/a.repo")
            #expect(PackageExcludes(files: files).linesOfRepositories(excluding: "nginx").isEmpty)
        }
    }
}
