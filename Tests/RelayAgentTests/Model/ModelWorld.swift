import Host
import RelayNode
import RelayTestSupport
import Synchronization
import SystemPackage
import Units

/// The host below a temporary root, and everything around it that the agent meets: what is true, whoever looks.
final class ModelWorld: Sendable {
    struct State {
        var postfix: ModelPostfix?
        /// The ports that nginx listens on; `nil` where it does not run.
        var nginx: [UInt16]?
        var enabled: Set<String> = []
        var units: Set<String> = []
        var loads = 0
        var settings = ModelSettings.standard
        var isMetadataUp = true
        var isMirrorUp = true
        var isDiskFull = false
        var held: Set<UInt16> = []
        /// The number of times that the settings were read.
        var readings = 0
    }

    let files: FileSystem
    private let state = Mutex(State())

    static let health = FilePath(NginxConfiguration.healthFile)
    static let publisher = Units.health.name
    private static let master: Int32 = 100
    private static let nginxProcess: Int32 = 4000

    /// A host as an image has it: both packages installed, nothing running.
    init(_ files: FileSystem) throws {
        self.files = files
        let folders = [
            "/etc/postfix", "/etc/nginx", "/etc/systemd/system", "/usr/sbin", "/var/spool/postfix/pid", "/proc/net",
            "/run", "/var/lib", "/var/log", "/usr/local/bin",
        ]
        for folder in folders { try files.createDirectory(FilePath(folder)) }
        try install("postfix")
        try install("nginx")
        try put("operator_note = mine\nmynetworks_style = host\n", at: "/etc/postfix/main.cf")
        try put(
            """
            smtp inet n - n - - smtpd
            pickup unix n - n 60 1 pickup
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            rewrite unix - - n - - trivial-rewrite
            proxymap unix - - n - - proxymap

            """,
            at: "/etc/postfix/master.cf"
        )
        try put("NAME=\"Amazon Linux\"\nID=amzn\nVERSION_ID=2023\n", at: "/etc/os-release")
    }

    var now: State { state.withLock { $0 } }
    func change<Result: Sendable>(_ body: (inout State) throws -> Result) rethrows -> Result {
        try state.withLock { try body(&$0) }
    }

    func text(_ path: FilePath) -> String? {
        (try? files.bytes(at: path)).map { String(decoding: $0, as: UTF8.self) }
    }
    private func put(_ text: String, at path: FilePath) throws { try files.put(Array(text.utf8), at: path) }

    func install(_ package: String) throws { try put("program", at: FilePath("/usr/sbin/\(package)")) }
    func isInstalled(_ package: String) -> Bool { files.exists(FilePath("/usr/sbin/\(package)")) }

    // Postfix

    /// Postfix's master acts on its files as they stand; it ends where it can't work with them.
    ///
    /// - Returns: Whether it runs.
    func loadPostfix() throws -> Bool {
        let (main, master) = (text("/etc/postfix/main.cf"), text("/etc/postfix/master.cf"))
        let held = now.held
        guard let main, let master, ModelPostfix.starts(master: master) else {
            try endPostfix()
            return false
        }
        let postfix = ModelPostfix(main: main, master: master)
        guard held.isDisjoint(with: postfix.ports) else {
            try endPostfix()
            return false
        }
        let load = change { state in
            state.postfix = postfix
            state.loads += 1
            return state.loads
        }
        try showPostfix(load: Int32(load))
        try showSockets()
        return true
    }

    /// The health unit is bound to Postfix: it goes with it, and takes the file along.
    func endPostfix() throws {
        change { state in
            state.postfix = nil
            state.units.remove(Self.publisher)
        }
        try files.remove("/var/spool/postfix/pid/master.pid")
        try files.remove(Self.health)
        try showSockets()
    }

    private func showPostfix(load: Int32) throws {
        let manager = Self.master + load
        for folder in ["/proc/\(Self.master)/task/\(Self.master)", "/proc/\(manager)"] {
            try files.createDirectory(FilePath(folder))
        }
        try put("\(Self.master)\n", at: "/var/spool/postfix/pid/master.pid")
        try put(stat(Self.master, "master", parent: 1), at: FilePath("/proc/\(Self.master)/stat"))
        try put(stat(manager, "qmgr", parent: Self.master), at: FilePath("/proc/\(manager)/stat"))
        try put("\(manager) ", at: FilePath("/proc/\(Self.master)/task/\(Self.master)/children"))
    }

    private func stat(_ process: Int32, _ name: String, parent: Int32) -> String {
        let rest = (0..<17).map { _ in "0" }.joined(separator: " ")
        return "\(process) (\(name)) S \(parent) \(rest) 4711 0\n"
    }

    // nginx

    /// nginx keeps what it has where a reload does not work, and does not start where it can't have a port.
    ///
    /// - Returns: Whether it runs with its files as they stand.
    func loadNginx(isReload: Bool) throws -> Bool {
        let wanted = text("/etc/nginx/nginx.conf").map(NginxConfiguration.ports) ?? []
        let works = change { state in
            let works = !wanted.isEmpty && state.held.isDisjoint(with: wanted)
            if works { state.nginx = wanted } else if !isReload { state.nginx = nil }
            return works
        }
        try showSockets()
        return works
    }

    func endNginx() throws {
        change { $0.nginx = nil }
        try showSockets()
    }

    /// The kernel's table of sockets, with who has them open.
    func showSockets() throws {
        let state = now
        var owners: [(port: UInt16, process: Int32)] = (state.postfix?.ports ?? []).map { ($0, Self.master) }
        owners += (state.nginx ?? []).map { ($0, Self.nginxProcess) }
        owners += state.held.map { ($0, 5000) }
        let lines = owners.map { owner in
            let port = String(owner.port, radix: 16, uppercase: true)
            let address = "00000000:" + String(repeating: "0", count: 4 - port.count) + port
            return "   0: \(address) 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 \(owner.port) 1"
        }
        try put((["header"] + lines).joined(separator: "\n") + "\n", at: "/proc/net/tcp")
        for owner in owners {
            let folder = FilePath("/proc/\(owner.process)/fd")
            try files.createDirectory(folder)
            let name = owner.process == Self.nginxProcess ? "nginx" : owner.process == Self.master ? "master" : "other"
            try put("\(name)\n", at: FilePath("/proc/\(owner.process)/comm"))
            let link = folder.appending("\(owner.port)")
            if files.linkTarget(of: link) == nil { try files.replace(link, withLinkTo: "socket:[\(owner.port)]") }
        }
        try dropSockets(except: owners)
    }

    private func dropSockets(except owners: [(port: UInt16, process: Int32)]) throws {
        for process in [Self.master, Self.nginxProcess, 5000] {
            let folder = FilePath("/proc/\(process)/fd")
            for name in try files.names(in: folder) ?? []
            where !owners.contains(where: { $0.process == process && "\($0.port)" == name }) {
                try files.remove(folder.appending(name))
            }
        }
    }

    func process(of service: String) -> Int32 { service == "nginx" ? Self.nginxProcess : Self.master }
}
