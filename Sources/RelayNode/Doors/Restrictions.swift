import Vocabulary

/// A list of smtpd's restrictions, as postconf(5) has them under smtpd_recipient_restrictions.
struct Restrictions {
    private struct Restriction {
        let name: String
        /// Whether `warn_if_reject` stands before it, so that it refuses nobody.
        let isOnlyWarned: Bool
    }

    /// `nil` where a name is unknown here, or may permit more than the networks.
    private let all: [Restriction]?

    init(_ list: String) {
        // smtpd compares the names without regard to case.
        var words = list.split { $0 == "," || $0.isWhitespace }[...].map { $0.lowercased() }[...]
        var found: [Restriction] = []
        var isOnlyWarned = false
        while let name = words.popFirst() {
            if name == "warn_if_reject" {
                isOnlyWarned = true
            } else if Self.plain.contains(name) || Self.havingArgument.contains(name) && words.popFirst() != nil
                || name == "check_client_access" && words.popFirst() == Self.leavingTable
            {
                found.append(Restriction(name: name, isOnlyWarned: isOnlyWarned))
                isOnlyWarned = false
            } else {
                self.all = nil
                return
            }
        }
        self.all = found
    }

    /// Whether it takes mail of the networks only, whatever else it refuses: its end refuses all others.
    var isClosed: Bool {
        guard let last = all?.last else { return false }
        return !last.isOnlyWarned && ["reject", "defer"].contains(last.name)
    }

    /// The agent's own table, which can only refuse.
    private static let leavingTable = PostfixTable.Name.leaving.reference(.readingProxyVersion2)

    /// `permit_mynetworks`, and those that can only refuse; the second names of a row are those of Postfix before 2.3.
    private static let plain: Set = [
        "permit_mynetworks", "reject", "defer", "defer_if_permit", "defer_if_reject",
        "reject_unauth_destination", "defer_unauth_destination", "reject_unauth_pipelining",
        "reject_non_fqdn_sender", "reject_non_fqdn_recipient",
        "reject_unknown_sender_domain", "reject_unknown_recipient_domain", "reject_unknown_address",
        "reject_non_fqdn_helo_hostname", "reject_non_fqdn_hostname",
        "reject_invalid_helo_hostname", "reject_invalid_hostname",
        "reject_unknown_helo_hostname", "reject_unknown_hostname",
        "reject_unknown_client_hostname", "reject_unknown_client",
        "reject_unknown_reverse_client_hostname", "reject_unknown_forward_client_hostname",
        "reject_unlisted_sender", "reject_unlisted_recipient",
        "reject_unverified_sender", "reject_unverified_recipient",
        "reject_sender_login_mismatch", "reject_known_sender_login_mismatch",
        "reject_authenticated_sender_login_mismatch", "reject_unauthenticated_sender_login_mismatch",
        "reject_multi_recipient_bounce", "reject_plaintext_session", "reject_maps_rbl",
    ]

    /// The restrictions with an argument that can only refuse or delay.
    private static let havingArgument: Set = [
        "reject_rbl_client", "reject_rhsbl_client", "reject_rhsbl_reverse_client", "reject_rhsbl_helo",
        "reject_rhsbl_sender", "reject_rhsbl_recipient", "sleep",
    ]
}
