import Glibc
import Host
import RelayTestSupport
import SystemPackage
import Testing

@testable import RelayAgent

struct SettingsFilePlaceTests {
    @Test(arguments: [
        "/root/c.toml", "/home/ec2-user/c.toml", "/tmp/c.toml", "/var/tmp/c.toml", "/run/user/0/c.toml", "/proc/9/fd/3",
    ])
    func whatTheUnitsDoNotSeeIsRefused(path: String) async throws {
        try await withTemporaryRoot { files in
            #expect {
                try SettingsFilePlace(files: files).check(FilePath(path), isRelay: true)
            } throws: { error in
                "\(error)".contains(path) && "\(error)".contains("/etc/smtp-relay-agent/config.toml")
            }
        }
    }

    @Test(arguments: ["/etc/c.toml", "/opt/tmp/c.toml", "/srv/root/home/c.toml", "/homes/c.toml"])
    func whatTheySeeIsNot(path: String) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory(FilePath(path).removingLastComponent())
            try files.put([], at: FilePath(path))
            try SettingsFilePlace(files: files).check(FilePath(path), isRelay: true)
        }
    }

    @Test func aFileThatItsOwnerAloneReadsIsRefused() async throws {
        try await withTemporaryRoot { files in
            let (path, place): (FilePath, SettingsFilePlace) = ("/etc/mine/c.toml", SettingsFilePlace(files: files))
            try files.createDirectory(path.removingLastComponent())
            try files.put([], at: path)
            let location = files.location(of: path).string
            #expect(chown(location, 1000, 1000) == 0)
            #expect {
                try place.check(path, isRelay: true)
            } throws: { error in
                "\(error)".contains("user 1000") && "\(error)".contains("chown root \(path)")
            }
            // A sender has no such unit.
            try place.check(path, isRelay: false)
            #expect(chmod(location, 0o604) == 0)
            try place.check(path, isRelay: true)
            // A user who may not enter the folder can't read the file.
            let folder = files.location(of: path.removingLastComponent()).string
            #expect(chown(folder, 1000, 1000) == 0 && chmod(folder, 0o700) == 0)
            #expect(throws: SettingsOutOfReach.self) { try place.check(path, isRelay: true) }
        }
    }
}
