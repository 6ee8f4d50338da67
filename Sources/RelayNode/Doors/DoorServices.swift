/// The services of master.cf that doors need beside themselves: smtpd speaks with them before it takes a message.
package struct DoorServices: Sendable {
    package enum Need: Sendable {
        /// No door takes mail without them, or nobody sends it on.
        case always
        /// Only with TLS, and where clients are counted.
        case mostly
    }

    private let entries: [MasterCf.Entry]
    private let main: MainCf

    package init(_ master: MasterCf, _ main: MainCf) {
        self.entries = master.entries.filter { $0.type != "inet" }
        self.main = main
    }

    /// The name of one that is not there; `nil` where all are.
    package func missing(_ need: Need) -> String? {
        let names =
            switch need {
            case .always: ["cleanup", "rewrite", "queue", "proxymap"].map { named($0) }
            case .mostly: ["tlsmgr", "anvil"]
            }
        return names.first { name in !entries.contains { $0.service == name } }
    }

    /// Under the name that main.cf gives it, if any.
    private func named(_ service: String) -> String {
        main["\(service)_service_name"] ?? (service == "queue" ? "qmgr" : service)
    }
}
