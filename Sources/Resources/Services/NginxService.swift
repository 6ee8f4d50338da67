package import Host
package import RelayNode
package import SystemPackage

/// nginx with nginx.conf, and the folder that it serves.
package struct NginxService: ServiceConfiguration {
    package let service = ServiceName("nginx")
    package let paths = files
    /// The files that are the agent's to write.
    package static let files = [configuration]

    package static let configuration: FilePath = "/etc/nginx/nginx.conf"

    private let wanted: NginxConfiguration
    private let runner: any CommandRunner
    private let endpoint: any HealthChecking
    private let files: FileSystem

    package init(
        _ wanted: NginxConfiguration,
        runner: any CommandRunner,
        endpoint: any HealthChecking,
        files: FileSystem
    ) {
        self.wanted = wanted
        self.runner = runner
        self.endpoint = endpoint
        self.files = files
    }

    package func desired(from current: [FilePath: String]) -> [FilePath: String] {
        [Self.configuration: wanted.text]
    }

    package func action(from current: [FilePath: String], to desired: [FilePath: String]) -> ServiceAction {
        NginxConfiguration.action(from: current[Self.configuration], to: wanted.text)
    }

    package let programs: Set = ["nginx"]

    package let dependencies: [FilePath] = [
        "/usr/sbin/nginx", "/etc/systemd/system/nginx.service.d", "/etc/selinux/targeted/policy",
    ]

    package func newPorts(from current: [FilePath: String], to desired: [FilePath: String]) -> [UInt16] {
        let known = NginxConfiguration.ports(in: current[Self.configuration] ?? "")
        return wanted.ports.filter { !known.contains($0) }
    }

    /// An nginx that could not take up new files keeps its former ones until it is told of them again.
    package func actionBack(after failure: any Error) -> ServiceAction { .reload }

    package func validate(_ candidate: [FilePath: [UInt8]]) async throws {
        let staged: FilePath = "/run/smtp-relay-agent/staged-nginx.conf"
        try files.createDirectory(staged.removingLastComponent())
        for bytes in candidate.values { try files.replace(staged, with: bytes, attributes: FileAttributes()) }
        defer { try? files.remove(staged) }
        let output = try await runner.run(Command("nginx", ["-t", "-c", staged.string]))
        guard output.status == 0 else { throw InvalidCandidate(judge: "nginx -t", verdict: output.tail()) }
    }

    /// nginx must answer, with 200 or 503: whether the node is healthy is not nginx's to know. It must listen on all its
    /// ports, too: where it can't have one of them, a reload leaves all as it was.
    package func probe() async throws {
        try await Patience.untilAnswering(isPlain: { $0 is PortNotOpened }) {
            let listening = ListeningSockets(files: files).current()
            // The answer is the only proof where the kernel's table can't be read.
            if !listening.isEmpty, let port = wanted.ports.first(where: { listening[$0] == nil }) {
                throw PortNotOpened(port: port)
            }
            let status = try await endpoint.status()
            guard status == 200 || status == 503 else { throw HealthCheckFailed(status: status) }
        }
    }
}

/// nginx goes on without a port that its configuration names.
package struct PortNotOpened: Error, Sendable, Equatable, CustomStringConvertible {
    package let port: UInt16

    package var description: String {
        """
        nginx does not listen on port \(port), though 'nginx -t' accepts its configuration: /var/log/nginx/error.log says \
        why (on SELinux hosts, see also: ausearch -m avc -ts recent)
        """
    }
}
