/// A setting of the operator's that comes before relayhost (postconf(5), relayhost): mail goes another way by it.
package struct RelayhostOverride: Sendable, Equatable, CustomStringConvertible {
    /// The file in /etc/postfix that it stands in.
    package let file: String
    /// The setting as it stands there: `transport_maps = hash:/etc/postfix/transport`.
    package let setting: String
    /// The mail that goes another way.
    package let mail: String

    package var description: String {
        "/etc/postfix/\(file): '\(setting)' comes before relayhost: \(mail) does not go to relayhost"
    }

    /// The overrides in the files as they are.
    package static func all(mainCf: String, masterCf: String) -> [RelayhostOverride] {
        let values = MainCf(mainCf).values
        var found: [RelayhostOverride] = []
        if let value = values["default_transport"], leadsElsewhere(value) {
            found.append(RelayhostOverride(file: "main.cf", setting: "default_transport = \(value)", mail: "all mail"))
        }
        for name in tables {
            guard let value = values[name], !value.isEmpty else { continue }
            found.append(
                RelayhostOverride(file: "main.cf", setting: "\(name) = \(value)", mail: "mail that it has an entry for")
            )
        }
        for entry in MasterCf(masterCf).entries where entry.command == "trivial-rewrite" {
            for (name, value) in entry.overrides where name == "relayhost" {
                let setting = "\(entry.service) ... -o \(name)=\(value)"
                found.append(RelayhostOverride(file: "master.cf", setting: setting, mail: "all mail"))
            }
        }
        return found
    }

    /// The tables in the order in which Postfix looks (trivial-rewrite(8)).
    private static let tables = [
        "transport_maps", "sender_dependent_default_transport_maps", "sender_dependent_relayhost_maps",
    ]

    /// Whether a `transport:nexthop` has a next hop of its own, or does not hand mail on at all.
    private static func leadsElsewhere(_ transport: String) -> Bool {
        let pair = transport.split(separator: ":", maxSplits: 1)
        guard let name = pair.first else { return false }
        return pair.count == 2 || ["error", "retry", "discard", "local", "virtual"].contains(name)
    }
}
