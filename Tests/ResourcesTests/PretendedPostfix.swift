import Host
import RelayNode
import RelayTestSupport
import Resources
import SystemPackage
import Vocabulary

/// A root in which Postfix seems to run with the files that a node wants.
struct PretendedPostfix {
    let files: FileSystem
    let node: RelayNode

    init(in files: FileSystem, _ change: (inout NodeSettings.Mail) throws -> Void = { _ in }) throws {
        self.files = files
        var mail = NodeSettings.Mail(
            domain: try DomainName("example.com"),
            networks: [.network(try IPNetwork("10.0.0.0/16"))]
        )
        try change(&mail)
        let settings = try exampleSettings { $0.mail = mail }
        self.node = try RelayNode(settings: settings, facts: exampleFacts(networks: ["10.0.0.0/16"]))
        try files.createDirectory("/etc/postfix")
        try put(main: node.postfix.mainCf(from: ""))
        try put(master: node.postfix.masterCf(from: ""))
        try load(1)
    }

    func put(main: String) throws { try files.put(Array(main.utf8), at: "/etc/postfix/main.cf") }
    /// - Parameter lacking: A service that is left out of those that doors need.
    func put(master: String, lacking: String = "") throws {
        let services = Self.services.split(separator: "\n").filter { !$0.hasPrefix("\(lacking) ") }
        try files.put(Array((master + services.joined(separator: "\n") + "\n").utf8), at: "/etc/postfix/master.cf")
    }

    /// The services of master.cf that smtpd needs, and those that send the mail on.
    private static let services = """
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        tlsmgr unix - - n 1000? 1 tlsmgr
        rewrite unix - - n - - trivial-rewrite
        proxymap unix - - n - - proxymap
        anvil unix - - n - 1 anvil
        """

    /// Makes Postfix seem to have loaded its files again.
    func load(_ number: Int) throws {
        let spool: FilePath = "/var/spool/postfix/pid"
        let manager = Self.process(200 + number)
        for folder in [spool, Self.process(100).appending("task/100"), manager] { try files.createDirectory(folder) }
        try files.put(Array("    100\n".utf8), at: spool.appending("master.pid"))
        try files.put(Self.stat(100, "master", parent: 1), at: "/proc/100/stat")
        try files.put(Self.stat(200 + number, "qmgr", parent: 100), at: manager.appending("stat"))
        try files.put(Array("\(200 + number) ".utf8), at: "/proc/100/task/100/children")
    }

    /// Makes Postfix's master seem to have been stopped by a signal.
    func stopMaster() throws { try files.put(Self.stat(100, "master", parent: 1, state: "T"), at: "/proc/100/stat") }

    /// A process that speaks SMTP.
    func add(speaker number: Int, state: Character = "S") throws {
        try files.createDirectory(Self.process(number))
        try set(speaker: number, state: state)
        let children = try files.bytes(at: "/proc/100/task/100/children")
        try files.put(children + Array("\(number) ".utf8), at: "/proc/100/task/100/children")
    }

    /// The state of such a process from now on.
    func set(speaker number: Int, state: Character) throws {
        let stat = Self.stat(number, "smtpd", parent: 100, state: state)
        try files.put(stat, at: Self.process(number).appending("stat"))
    }

    private static func process(_ number: Int) -> FilePath { FilePath("/proc/\(number)") }

    private static func stat(_ process: Int, _ name: String, parent: Int, state: Character = "S") -> [UInt8] {
        let rest = (0..<17).map { _ in "0" }.joined(separator: " ")
        return Array("\(process) (\(name)) \(state) \(parent) \(rest) 4711 0\n".utf8)
    }
}
