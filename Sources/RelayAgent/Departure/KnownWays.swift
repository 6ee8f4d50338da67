import Host
import Resources
import SystemPackage

/// The ways to the other relays as the load balancers' last answers had them, as a file.
///
/// A node that leaves goes by them where AWS does not answer, or denies the question: its mail should not wait for that.
struct KnownWays: Sendable {
    let files: FileSystem

    /// The file is in /run: the disk may come to another instance, with other load balancers.
    private static let path: FilePath = "/run/smtp-relay-agent/ways.json"

    /// The way by a load balancer, as Postfix writes a nexthop.
    ///
    /// - Parameter place: The load balancer's name, as `LoadBalancerPlace` has it.
    func way(by place: String) -> String? { read()[place] }

    /// - Parameter way: `nil` where none leads through that load balancer.
    func note(_ way: String?, by place: String) throws {
        var ways = read()
        guard ways[place] != way else { return }
        ways[place] = way
        try file.write(ways)
    }

    private var file: StateFile<[String: String]> { StateFile(Self.path, in: files) }

    private func read() -> [String: String] { file.read() ?? [:] }
}
