import Vocabulary

extension ValueReader {
    /// The settings of a sender; `nil` where a value is wrong or missing.
    func sender() -> SenderSettings? {
        refuseSettings(notOf: .sender)
        if entry("sender.relayhost") == nil { problems.append(.missingRelayhost) }
        let relayhost = one("sender.relayhost", RelayHost.init)
        let level: TLSLevel? = choice("sender.outbound_level")
        let installing = duration("packages.timeout")
        let reconcile = reconcile(loadBalancers: 0)
        _ = bootstrapTimeout()
        guard let relayhost, let installing, let reconcile, problems.isEmpty else { return nil }
        return SenderSettings(
            relayhost: relayhost,
            outboundTLS: level,
            packages: NodeSettings.Packages(timeout: installing),
            reconcile: reconcile
        )
    }
}
