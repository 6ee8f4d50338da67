package import Vocabulary

/// The doors of a master.cf, and the entries that can't be proven to be closed to strangers.
///
/// A listener that only the host itself reaches is no door: content filters hand mail back by such ones.
package struct Doors: Sendable {
    package let all: [Door]
    package let unprovable: [UnprovableDoor]

    /// - Parameters:
    ///   - address: The node's own, which the load balancer sends to.
    ///   - isProxied: Whether main.cf has smtpd wait for headers of the PROXY protocol.
    ///   - checksSenders: Whether no door may go past the signer, which refuses senders.
    ///   - isPostfixs: Whether a command leads to the program of its last part's name that Postfix brought along. Without it, a
    ///     program is known by that name alone.
    package init(
        _ file: MasterCf,
        at address: IPAddress,
        isProxied: Bool,
        checksSenders: Bool = false,
        isPostfixs: (_ command: String) -> Bool = { _ in true }
    ) {
        var doors: [Door] = []
        var unprovable: [UnprovableDoor] = []
        for entry in file.entries {
            do throws(UnprovableDoor) {
                switch entry.type {
                case "inet":
                    guard let door = try Self.door(entry, at: address, isProxied) else { continue }
                    try Self.judge(entry, isProxied, checksSenders, isPostfixs)
                    doors.append(door)
                // postscreen hands its connections to such a service.
                case "pass":
                    guard entry.program == "smtpd" else {
                        throw UnprovableDoor(service: entry.service, reason: .heir(entry.command))
                    }
                    try Self.judge(entry, isProxied, checksSenders, isPostfixs)
                default: continue
                }
            } catch {
                unprovable.append(error)
            }
        }
        self.all = doors
        self.unprovable = unprovable
    }

    /// The doors and entries that either of two readings of a master.cf has found.
    package func merging(_ other: Doors) -> Doors {
        Doors(
            all: all + other.all.filter { !all.contains($0) },
            unprovable: unprovable + other.unprovable.filter { !unprovable.contains($0) }
        )
    }

    private init(all: [Door], unprovable: [UnprovableDoor]) {
        self.all = all
        self.unprovable = unprovable
    }

    private static func door(
        _ entry: MasterCf.Entry,
        at address: IPAddress,
        _ isProxied: Bool
    ) throws(UnprovableDoor) -> Door? {
        let listener = Listener(entry.service)
        if listener.isLoopback { return nil }
        guard ["smtpd", "postscreen"].contains(entry.program) else {
            throw UnprovableDoor(service: entry.service, reason: .program(entry.program))
        }
        guard let port = listener.port else { throw UnprovableDoor(service: entry.service, reason: .portName) }
        if case .named = listener.host { throw UnprovableDoor(service: entry.service, reason: .hostName) }
        var reached = address
        if case .address(let own) = listener.host, !listener.serves(address) { reached = own }
        return Door(
            service: entry.service,
            address: reached,
            port: port,
            isProxied: isProxied && !entry.overrides.contains { $0.name == "\(entry.program)_upstream_proxy_protocol" },
            isImplicitTLS: entry.overrides.contains { $0 == ("smtpd_tls_wrappermode", "yes") },
            isScreened: entry.program == "postscreen"
        )
    }

    /// - Throws: Where its command line says anything that is not known to leave the relay's policy as it is.
    private static func judge(
        _ entry: MasterCf.Entry,
        _ isProxied: Bool,
        _ checksSenders: Bool,
        _ isPostfixs: (_ command: String) -> Bool
    ) throws(UnprovableDoor) {
        for option in entry.options {
            guard let letter = option.letter else {
                throw UnprovableDoor(service: entry.service, reason: .argument(option.value ?? ""))
            }
            guard letter == "o" || letter == "v" || letter == "D" else {
                throw UnprovableDoor(service: entry.service, reason: .argument("-\(letter)"))
            }
        }
        for override in entry.overrides
        where !HarmlessOverrides.contain(override.name, override.value, isProxied: isProxied)
            || checksSenders && HarmlessOverrides.goPastMilters(override.name, override.value)
        {
            throw UnprovableDoor(
                service: entry.service,
                reason: .override(name: override.name, value: override.value)
            )
        }
        guard isPostfixs(entry.command) else {
            throw UnprovableDoor(service: entry.service, reason: .command(entry.command))
        }
    }
}
