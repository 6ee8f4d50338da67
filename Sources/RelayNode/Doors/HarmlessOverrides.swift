/// The parameters that master.cf may set for one door without opening it to strangers.
///
/// All others are refused, known or not: a parameter of an operator's own may stand for a list of restrictions.
enum HarmlessOverrides {
    /// - Parameter isProxied: Whether main.cf has smtpd wait for headers of the PROXY protocol.
    static func contain(_ name: String, _ value: String, isProxied: Bool) -> Bool {
        if names.contains(name) || prefixes.contains(where: name.hasPrefix) { return true }
        switch name {
        // Whoever is believed without a proxy in front can make himself a host of the networks.
        case "smtpd_upstream_proxy_protocol", "postscreen_upstream_proxy_protocol": return value.isEmpty
        case "smtpd_authorized_xclient_hosts": return false
        case "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions":
            return isClosed(value)
        default: return false
        }
    }

    /// Whether a list of restrictions takes mail of the networks only, whatever else it refuses.
    private static func isClosed(_ value: String) -> Bool {
        let words = value.split { $0 == "," || $0.isWhitespace }
        return words.last == "reject" && words.dropLast().allSatisfy(closed.contains)
    }

    private static let closed: Set<Substring> = [
        "permit_mynetworks", "reject", "reject_unauth_destination", "reject_unauth_pipelining",
        "reject_non_fqdn_sender", "reject_non_fqdn_recipient", "reject_unknown_sender_domain",
        "reject_unknown_recipient_domain", "reject_non_fqdn_helo_hostname", "reject_invalid_helo_hostname",
        "reject_unknown_helo_hostname", "reject_unknown_client_hostname", "reject_unknown_reverse_client_hostname",
        "reject_unlisted_recipient", "reject_unlisted_sender",
    ]

    /// Of TLS and SASL, whose results count only where a restriction names them, and of mail filters.
    private static let prefixes = ["smtpd_tls_", "smtpd_sasl_", "milter_", "tls_", "cyrus_sasl_"]

    /// What becomes of a message after it was accepted, limits, times, words in the log; and those lists of restrictions
    /// that can only refuse, since those of the relay's policy decide after them.
    private static let names: Set = [
        "syslog_name", "syslog_facility", "smtpd_banner", "smtpd_milters", "content_filter", "receive_override_options",
        "smtpd_proxy_filter", "smtpd_proxy_ehlo", "smtpd_proxy_timeout", "smtpd_proxy_options", "cleanup_service_name",
        "smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions", "smtpd_etrn_restrictions",
        "smtpd_end_of_data_restrictions", "smtpd_helo_required", "smtpd_delay_reject",
        "smtpd_delay_open_until_valid_rcpt",
        "smtpd_reject_unlisted_recipient", "smtpd_reject_unlisted_sender", "smtpd_timeout", "smtpd_starttls_timeout",
        "smtpd_error_sleep_time", "smtpd_soft_error_limit", "smtpd_hard_error_limit", "smtpd_junk_command_limit",
        "smtpd_recipient_limit", "smtpd_recipient_overshoot_limit", "smtpd_history_flush_threshold",
        "smtpd_client_connection_count_limit", "smtpd_client_connection_rate_limit", "smtpd_client_message_rate_limit",
        "smtpd_client_recipient_rate_limit", "smtpd_client_new_tls_session_rate_limit", "smtpd_client_auth_rate_limit",
        "smtpd_client_event_limit_exceptions", "smtpd_client_port_logging", "smtpd_discard_ehlo_keywords",
        "smtpd_discard_ehlo_keyword_address_maps", "smtpd_forbid_bare_newline", "smtpd_forbid_bare_newline_exclusions",
        "smtpd_forbid_bare_newline_reject_code", "smtpd_forbid_unauth_pipelining", "smtpd_upstream_proxy_timeout",
        "smtpd_peername_lookup", "smtpd_per_record_deadline", "smtpd_per_request_deadline", "smtpd_min_data_rate",
        "smtpd_use_tls", "smtpd_enforce_tls", "smtpd_authorized_xforward_hosts", "smtpd_expansion_filter",
        "disable_vrfy_command", "strict_rfc821_envelopes", "smtputf8_enable", "message_size_limit", "max_idle",
        "max_use",
        "in_flow_delay", "line_length_limit", "ipc_timeout", "soft_bounce", "relay_domains_reject_code", "reject_code",
        "access_map_reject_code", "maps_rbl_reject_code", "unknown_local_recipient_reject_code", "header_checks",
        "body_checks", "mime_header_checks", "nested_header_checks", "always_bcc", "debug_peer_list",
        "debug_peer_level",
        "postscreen_greet_action", "postscreen_greet_wait", "postscreen_dnsbl_sites", "postscreen_dnsbl_action",
        "postscreen_dnsbl_threshold", "postscreen_access_list", "postscreen_denylist_action",
        "postscreen_blacklist_action",
    ]
}
