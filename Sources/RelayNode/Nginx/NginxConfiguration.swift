import Vocabulary

/// nginx as the load balancer's health check needs it, and nothing more: the whole of nginx.conf.
///
/// Distributions bring a `default_server` on port 80 of their own, with which a fragment would collide.
package struct NginxConfiguration: Sendable, Equatable {
    /// The folder that the health file is served from.
    package static let documentRoot = "/run/smtp-relay-agent/www"
    /// The file that is there while the node is healthy.
    package static let healthFile = "/run/smtp-relay-agent/www/health"
    /// The metrics of the last pass, in Prometheus's text format. Not in the folder of the health file, which is watched.
    package static let metricsFile = "/run/smtp-relay-agent/metrics"

    package let text: String

    init(_ health: NodeSettings.Health, ports: HealthPorts, facts: NodeFacts, families: Set<IPAddress.Family>) {
        let networks = [IPNetwork.ipv4Loopback, .ipv6Loopback] + facts.vpcNetworks
        let allowed = networks.filter { families.contains($0.family) }
        let access = (allowed.map { "            allow \($0);" } + ["            deny all;"]).joined(separator: "\n")
        let hosts = families.contains(.ipv6) ? ["", "[::]:"] : [""]
        func listeners(_ port: UInt16?, _ option: String = "") -> [String] {
            port.map { port in hosts.map { "listen \($0)\(port) default_server\(option);" } } ?? []
        }
        var listen = listeners(ports.plain) + listeners(ports.proxied, " proxy_protocol")
        if ports.plain == nil { listen.append("listen 127.0.0.1:\(ports.local) default_server;") }
        self.text = """
            # Written by smtp-relay-agent, the whole of it; edits are undone. The original is kept beside it.
            # It answers the load balancer's health check, shows the agent's metrics, and does nothing else.
            user nginx;
            worker_processes 1;
            # Where its service looks for it, also where /var/run is not /run.
            pid /var/run/nginx.pid;
            # Refused clients are logged as errors; at this level a port scan can't fill the disk.
            error_log /var/log/nginx/error.log crit;

            events {
                worker_connections 256;
            }

            http {
                access_log off;
                server_tokens off;
                default_type text/plain;
                keepalive_timeout 5s;

                server {
            \(listen.map { "        \($0)" }.joined(separator: "\n"))
                    server_name _;

                    # The file is there while the node is proven healthy.
                    location = \(health.path) {
            \(access)
                        root \(Self.documentRoot);
                        try_files /health =503;
                    }

                    # What the last pass saw and did.
                    location = \(HealthPath.metrics) {
            \(access)
                        default_type "text/plain; version=0.0.4; charset=utf-8";
                        alias \(Self.metricsFile);
                    }

                    location / {
                        return 404;
                    }
                }
            }

            """
    }

    /// What a running nginx needs to go from one text to another: it takes up new listeners only while it holds no
    /// other on the same port, so a change of these needs a restart.
    package static func action(from current: String?, to desired: String) -> ServiceAction {
        guard let current else { return .restart }
        if current == desired { return .none }
        return fixed(in: current) == fixed(in: desired) ? .reload : .restart
    }

    /// What a running nginx would not take over in good order: its listeners, and the pid file, which may be the same one
    /// by another name.
    private static func fixed(in text: String) -> [Substring] {
        text.split(separator: "\n").map { $0.drop(while: \.isWhitespace) }
            .filter { $0.hasPrefix("listen ") || $0.hasPrefix("pid ") }
    }
}
