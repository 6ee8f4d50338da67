package import Vocabulary

/// The Postfix of a host that sends: where its mail goes, and nothing else of it.
package struct SenderPostfix: Sendable {
    package let relayhost: RelayHost
    /// The parameters that are set only while a setting asks for them.
    private let asked: [(name: String, value: String)]

    /// - Parameter authorities: The system's file of the certificate authorities that it trusts.
    package init(_ settings: SenderSettings, authorities: String) {
        self.relayhost = settings.relayhost
        self.asked = settings.outboundTLS.map { PostfixConfiguration.wayOut($0, authorities: authorities) } ?? []
    }

    /// main.cf with the relayhost set once, at its last definition or at the file's end; every other line stays as it is.
    package func mainCf(from current: String) -> String {
        var file = MainCf(current).with(.section, []).with(.settings, [])
        file.set(Self.parameter, to: relayhost.description, isAnnounced: false)
        let text = file.with(.settings, asked).text
        // A line break that the last line lacks is the operator's to add.
        return text == current + "\n" ? current : text
    }

    /// Whether main.cf says so already.
    package func isInForce(in current: String) -> Bool { MainCf(current)[Self.parameter] == relayhost.description }

    /// The values that Postfix has to read in main.cf for the agent's parameters.
    package var effective: [String: String] {
        Dictionary(asked + [(Self.parameter, relayhost.description)]) { _, last in last }
    }

    private static let parameter = "relayhost"
    /// The parameters that main.cf has outside of the agent's part.
    static let ownNames = [parameter]
}

extension PostfixConfiguration {
    /// The parameters of TLS for outgoing mail.
    fileprivate static func wayOut(_ level: TLSLevel, authorities: String) -> [(name: String, value: String)] {
        let all = [Parameter("smtp_tls_security_level", level.rawValue)] + outboundTLS(level, authorities: authorities)
        return all.map { ($0.name, $0.value) }
    }
}
