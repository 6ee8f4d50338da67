import Vocabulary

/// The tables that proxymap(8) opens for others: those that `proxy_read_maps` names.
struct ProxiedTables {
    private let version: PostfixVersion

    init(_ version: PostfixVersion) {
        self.version = version
    }

    /// The parameter that main.cf needs, so that proxymap(8) opens the table of a leaving node; empty where it needs none.
    ///
    /// - Parameter current: Its value in main.cf, `nil` where main.cf does not have it.
    func parameter(of current: String?) -> [PostfixConfiguration.Parameter] {
        let value = current ?? (version < .proxyingRestrictions ? Self.formerDefault : Self.list)
        if value.postfixListWords.contains(Self.list) { return [] }
        return [PostfixConfiguration.Parameter("proxy_read_maps", "\(value) \(Self.list)")]
    }

    /// The list of restrictions with the table.
    private static let list = "$smtpd_recipient_restrictions"

    /// The default before 3.5, which names no restrictions. An unknown parameter in it stands for nothing.
    private static let formerDefault = """
        $local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps \
        $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps \
        $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $sender_bcc_maps $recipient_bcc_maps \
        $smtp_generic_maps $lmtp_generic_maps $alias_maps
        """
}
