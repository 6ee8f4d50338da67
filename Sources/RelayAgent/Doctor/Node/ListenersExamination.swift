import Host

/// Whether the ports that the load balancer connects to are open on this host.
struct ListenersExamination: Examination {
    let name = "listeners"
    /// Each port with who should hold it.
    let ports: [(port: UInt16, service: String)]
    let sockets: ListeningSockets

    func findings() -> [Finding] { Self.judge(sockets.current(), ports) }

    /// - Parameter listening: Each port that is listened on, with whether other hosts reach it.
    static func judge(_ listening: [UInt16: Bool], _ ports: [(port: UInt16, service: String)]) -> [Finding] {
        ports.compactMap { port, service in
            guard let isOpen = listening[port] else {
                return Finding(
                    .critical,
                    "no-listener",
                    seen: "nothing listens on port \(port), which is \(service)'s",
                    why: "the load balancer's connections are refused",
                    fix: "systemctl restart \(service); ss -ltnp 'sport = :\(port)'"
                )
            }
            guard !isOpen else { return nil }
            return Finding(
                .critical,
                "listener-on-loopback",
                seen: "port \(port) is listened on, but for this host alone",
                why: "the load balancer's connections are refused",
                fix: "smtp-relay-agent reconcile; systemctl restart \(service)"
            )
        }
    }
}
