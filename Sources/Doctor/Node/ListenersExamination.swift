import Host

/// Whether the ports that the load balancer connects to are open on this host, and whose they are.
struct ListenersExamination: Examination {
    let name = "listeners"
    let doors: [Door]
    let sockets: ListeningSockets
    let holders: PortHolders
    let commands: any ServiceCommands

    /// A port, and who should hold it.
    struct Door: Sendable {
        let port: UInt16
        let service: String
        /// The kernel's names of the programs that may: a server's children have its socket as well.
        let programs: [String]

        static func postfix(_ port: UInt16) -> Door {
            Door(port: port, service: "postfix", programs: ["master", "smtpd"])
        }

        static func nginx(_ port: UInt16) -> Door { Door(port: port, service: "nginx", programs: ["nginx"]) }
    }

    func findings() -> [Finding] {
        Self.judge(sockets.current(), holders.holders(of: doors.map(\.port)), doors, commands)
    }

    /// - Parameters:
    ///   - listening: Each port that is listened on, with whether other hosts reach it.
    ///   - holders: The processes that listen.
    static func judge(
        _ listening: [UInt16: Bool],
        _ holders: [PortHolder],
        _ doors: [Door],
        _ commands: any ServiceCommands
    ) -> [Finding] {
        doors.flatMap { door -> [Finding] in
            guard let isOpen = listening[door.port] else { return [closed(door, commands)] }
            let others = holders.filter {
                $0.port == door.port && $0.process != nil && !door.programs.contains($0.program)
            }
            if !others.isEmpty { return others.map { held(door, by: $0, commands) } }
            return isOpen ? [] : [onLoopback(door, commands)]
        }
    }

    private static func closed(_ door: Door, _ commands: any ServiceCommands) -> Finding {
        Finding(
            .noListener,
            of: door.service,
            seen: "nothing listens on port \(door.port), which is \(door.service)'s",
            fix: "\(commands.restart(ServiceName(door.service))); ss -ltnp 'sport = :\(door.port)'"
        )
    }

    private static func held(_ door: Door, by other: PortHolder, _ commands: any ServiceCommands) -> Finding {
        Finding(
            .portHeldByOther,
            of: door.service,
            seen: "port \(door.port), which is \(door.service)'s, is held by \(other)",
            fix: """
                \(commands.whose(process: other.process ?? 0)); stop and disable what that names \
                (\(commands.stopAndDisable(ServiceName("NAME")))), then 'smtp-relay-agent reconcile'
                """
        )
    }

    private static func onLoopback(_ door: Door, _ commands: any ServiceCommands) -> Finding {
        Finding(
            .listenerOnLoopback,
            of: door.service,
            seen: "port \(door.port) is listened on, but for this host alone",
            fix: "smtp-relay-agent reconcile; \(commands.restart(ServiceName(door.service)))"
        )
    }
}
