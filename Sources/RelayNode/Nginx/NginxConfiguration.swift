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

    init(_ health: NodeSettings.Health, ports: HealthPorts, facts: InstanceFacts, families: Set<IPAddress.Family>) {
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
            \(OwnFile.header) The original is kept beside it.
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

    /// The action that a running nginx needs to go from one text to another. It takes up new listeners while it still
    /// holds the former ones, so on a port that it has, it can't have another address in a reload.
    package static func action(from current: String?, to desired: String) -> ServiceAction {
        guard let current else { return .restart }
        if current == desired { return .none }
        // Files that another nginx.conf takes in may have further listeners.
        guard current.hasPrefix(OwnFile.header), pids(in: current) == pids(in: desired) else { return .restart }
        let held = listeners(in: current)
        let conflict = listeners(in: desired).contains { new in
            !held.contains(new) && held.contains { $0.port == new.port && $0.isIPv6 == new.isIPv6 }
        }
        return conflict ? .restart : .reload
    }

    /// The ports that it listens on.
    package var ports: [UInt16] { Self.ports(in: text) }

    /// The ports that a text has nginx listen on, as far as it tells them itself.
    package static func ports(in text: String) -> [UInt16] {
        var ports: [UInt16] = []
        for listener in listeners(in: text) where !ports.contains(listener.port) { ports.append(listener.port) }
        return ports
    }

    private struct Listener: Equatable {
        let address: Substring
        let port: UInt16

        var isIPv6: Bool { address.hasPrefix("[") }
    }

    /// `listen 80 ...;` and `listen ADDRESS:80 ...;` (ngx_http_core_module, listen). Its options need no restart.
    private static func listeners(in text: String) -> [Listener] {
        directives("listen", in: text).compactMap { words in
            guard let place = words.first else { return nil }
            let port = place.split(separator: ":").last ?? place
            let address = place == port ? "" : place.dropLast(port.count + 1)
            return UInt16(port).map { Listener(address: address, port: $0) }
        }
    }

    /// The pid file may be the same one by another name, which nginx would not take over in good order.
    private static func pids(in text: String) -> [Substring] { directives("pid", in: text).compactMap(\.first) }

    /// The words behind each directive of a name that stands on a line of its own.
    private static func directives(_ name: String, in text: String) -> [[Substring]] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split { $0.isWhitespace || $0 == ";" }
            return words.first.map(String.init) == name ? Array(words.dropFirst()) : nil
        }
    }
}
