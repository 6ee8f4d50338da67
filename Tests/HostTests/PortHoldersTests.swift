import Glibc
import Host
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

struct PortHoldersTests {
    private let header =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    private func line(_ address: String, _ state: String, inode: Int) -> String {
        "   0: \(address) 00000000:0000 \(state) 00000000:00000000 00:00000000 00000000     0        0 \(inode) 1 0 100\n"
    }

    private func withHost(_ body: (FileSystem) async throws -> Void) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/proc/net")
            try files.createDirectory("/proc/77/fd")
            let tables = header + line("0100007F:0019", "0A", inode: 900) + line("0100007F:0019", "01", inode: 901)
            try files.put(Array(tables.utf8), at: "/proc/net/tcp")
            try files.put(
                Array((header + line("\(String(repeating: "0", count: 32)):024B", "0A", inode: 902)).utf8),
                at: "/proc/net/tcp6"
            )
            try files.put(Array("python3\n".utf8), at: "/proc/77/comm")
            try files.put(Array("python3\0/x.py\0".utf8), at: "/proc/77/cmdline")
            #expect(symlink("socket:[900]", files.location(of: "/proc/77/fd/3").string) == 0)
            #expect(symlink("/dev/null", files.location(of: "/proc/77/fd/0").string) == 0)
            try await body(files)
        }
    }

    @Test func theProcessIsNamed() async throws {
        try await withHost { files in
            let holders = PortHolders(files: files).holders(of: [25])
            #expect(holders.map(\.description) == ["process 77 (python3 /x.py)"])
            #expect(holders.first?.program == "python3")
            #expect(holders.first?.process == 77)
        }
    }

    @Test func aProcessThatCannotBeSeenIsAHolderToo() async throws {
        try await withHost { files in
            let holders = PortHolders(files: files).holders(of: [587])
            #expect(holders.map(\.process) == [nil])
            #expect(holders.map(\.port) == [587])
            // The user is known without a look into processes.
            #expect(holders.first?.description.contains("user 0") == true)
        }
    }

    @Test func aFreePortHasNone() async throws {
        try await withHost { files in #expect(PortHolders(files: files).holders(of: [80]).isEmpty) }
        try await withTemporaryRoot { files in #expect(PortHolders(files: files).holders(of: [25]).isEmpty) }
    }

    @Test(arguments: [("", false), ("00000000000000000000000000000001 01 80 10 80       lo\n", true)])
    func ipv6IsOffWhereNoInterfaceHasAnAddress(table: String, isOn: Bool) async throws {
        try await withTemporaryRoot { files in
            #expect(!InternetProtocol6.isOn(files))
            try files.createDirectory("/proc/net")
            try files.put(Array(table.utf8), at: "/proc/net/if_inet6")
            #expect(InternetProtocol6.isOn(files) == isOn)
        }
    }

    @Test func loopbackIsAnAddressOfThisHost() {
        #expect(HostAddresses.current().contains { $0.description == "127.0.0.1" })
    }
}
