package import Host
package import RelayNode
package import SystemPackage

/// nginx with nginx.conf, and the folder that it serves.
package struct NginxService: ServiceConfiguration {
    package let service = ServiceName("nginx")
    package let paths = files
    /// The files that are the agent's to write.
    package static let files = [configuration]

    private static let configuration: FilePath = "/etc/nginx/nginx.conf"

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

    package func validate(_ candidate: [FilePath: [UInt8]]) async throws {
        let staged: FilePath = "/run/smtp-relay-agent/staged-nginx.conf"
        try files.createDirectory(staged.removingLastComponent())
        for bytes in candidate.values { try files.replace(staged, with: bytes, attributes: FileAttributes()) }
        defer { try? files.remove(staged) }
        let output = try await runner.run(Command("nginx", ["-t", "-c", staged.string]))
        guard output.status == 0 else { throw InvalidCandidate(judge: "nginx -t", verdict: output.tail()) }
    }

    /// nginx must answer, with 200 or 503: whether the node is healthy is not nginx's to know.
    package func probe() async throws {
        try await Patience.untilAnswering {
            let status = try await endpoint.status()
            guard status == 200 || status == 503 else { throw HealthCheckFailed(status: status) }
        }
    }
}
