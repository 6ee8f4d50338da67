/// The parameters that master.cf may set for one door without opening it to strangers.
///
/// All others are refused, known or not: a parameter of an operator's own may stand for a list of restrictions.
enum HarmlessOverrides {
    /// - Parameter isProxied: Whether main.cf has smtpd wait for headers of the PROXY protocol.
    static func contain(_ name: String, _ value: String, isProxied: Bool) -> Bool {
        switch name {
        // Without a proxy in front, every client could claim to be a host of the networks.
        case "smtpd_upstream_proxy_protocol", "postscreen_upstream_proxy_protocol": value.isEmpty
        // It rewrites commands before anything judges them.
        case "postscreen_command_filter": false
        case "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions":
            Restrictions(value).isClosed
        default:
            names.contains(name) || prefixes.contains(where: name.hasPrefix) || suffixes.contains(where: name.hasSuffix)
        }
    }

    /// Whether a parameter may take a door past the milters of main.cf, or let mail pass where they do not answer.
    static func goPastMilters(_ name: String, _ value: String) -> Bool {
        if name == "receive_override_options" { return value.contains("no_milters") || value.contains("$") }
        return pastMilters.contains(name) || name.hasPrefix("milter_")
    }

    // Behind a filter before the queue, milters see no content.
    private static let pastMilters: Set = [
        "smtpd_milters", "smtpd_milter_maps", "cleanup_service_name", "smtpd_proxy_filter",
    ]

    /// The beginnings of parameters that can't open a door: those of TLS and SASL, whose results count only where a
    /// restriction names them; of mail filters and policy servers; and of postscreen, which hands a client to smtpd or
    /// refuses it.
    private static let prefixes = [
        "smtpd_tls_", "smtpd_sasl_", "milter_", "tls_", "cyrus_sasl_", "smtpd_policy_service_", "postscreen_",
    ]

    /// The endings of parameters with the codes and words of a refusal, also where DNS does not answer.
    private static let suffixes = ["_reject_code", "_defer_code", "_reject_reason", "_tempfail_action"]

    private static let names: Set<String> = restrictions.union(filters).union(limits).union(answers).union(checks)

    /// The lists that can only refuse, since those of the relay's policy decide after them.
    private static let restrictions: Set<String> = [
        "smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions", "smtpd_etrn_restrictions",
        "smtpd_end_of_data_restrictions", "smtpd_delay_reject", "smtpd_relay_before_recipient_restrictions",
    ]

    /// The parameters that act on a message after it was accepted.
    private static let filters: Set<String> = [
        "smtpd_milters", "smtpd_milter_maps", "content_filter", "receive_override_options", "smtpd_proxy_filter",
        "smtpd_proxy_ehlo", "smtpd_proxy_timeout", "smtpd_proxy_options", "cleanup_service_name", "header_checks",
        "body_checks", "mime_header_checks", "nested_header_checks", "always_bcc", "local_header_rewrite_clients",
        "smtpd_hide_client_session", "header_from_format", "smtpd_authorized_verp_clients", "authorized_verp_clients",
        "default_verp_delimiters", "verp_delimiter_filter", "fast_flush_domains", "smtpd_authorized_xforward_hosts",
        "disable_mime_input_processing", "disable_mime_output_conversion",
    ]

    /// Limits and times.
    private static let limits: Set<String> = [
        "smtpd_timeout", "smtpd_starttls_timeout", "smtpd_upstream_proxy_timeout", "smtpd_error_sleep_time",
        "smtpd_soft_error_limit", "smtpd_hard_error_limit", "smtpd_junk_command_limit", "smtpd_recipient_limit",
        "smtpd_recipient_overshoot_limit", "smtpd_history_flush_threshold", "smtpd_client_connection_count_limit",
        "smtpd_client_connection_rate_limit", "smtpd_client_message_rate_limit", "smtpd_client_recipient_rate_limit",
        "smtpd_client_new_tls_session_rate_limit", "smtpd_client_auth_rate_limit",
        "smtpd_client_event_limit_exceptions", "smtpd_client_ipv4_prefix_length", "smtpd_client_ipv6_prefix_length",
        "smtpd_per_record_deadline", "smtpd_per_request_deadline", "smtpd_min_data_rate", "message_size_limit",
        "queue_minfree", "max_idle", "max_use", "in_flow_delay", "line_length_limit", "ipc_timeout", "daemon_timeout",
        "header_size_limit", "header_address_token_limit", "mime_nesting_limit", "mime_boundary_length_limit",
        "address_verify_poll_count", "address_verify_poll_delay", "address_verify_sender_ttl", "stress",
    ]

    /// Words in answers and in the log, and notices to the postmaster.
    private static let answers: Set<String> = [
        "syslog_name", "syslog_facility", "smtpd_banner", "soft_bounce", "disable_vrfy_command", "reject_code",
        "defer_code", "default_rbl_reply", "rbl_reply_maps", "show_user_unknown_table_name", "smtpd_reject_footer",
        "smtpd_reject_footer_maps", "smtpd_discard_ehlo_keywords", "smtpd_discard_ehlo_keyword_address_maps",
        "smtpd_expansion_filter", "smtpd_client_port_logging", "smtpd_log_access_permit_actions", "notify_classes",
        "bounce_notice_recipient", "error_notice_recipient", "debug_peer_list", "debug_peer_level",
        "2bounce_notice_recipient", "broken_sasl_auth_clients", "smtputf8_enable", "helpful_warnings", "mail_name",
    ]

    /// Checks that refuse, and what they go by.
    private static let checks: Set<String> = [
        "smtpd_helo_required", "smtpd_delay_open_until_valid_rcpt", "smtpd_reject_unlisted_recipient",
        "smtpd_reject_unlisted_sender", "smtpd_forbid_bare_newline", "smtpd_forbid_bare_newline_exclusions",
        "smtpd_forbid_unauth_pipelining", "smtpd_forbidden_commands", "smtpd_peername_lookup", "smtpd_use_tls",
        "smtpd_enforce_tls", "smtpd_sender_login_maps", "smtpd_dns_reply_filter", "smtpd_null_access_lookup_key",
        "maps_rbl_domains", "relay_clientcerts", "permit_mx_backup_networks", "strict_rfc821_envelopes",
        "strict_7bit_headers", "strict_8bitmime", "strict_8bitmime_body", "strict_mime_encoding_domain",
        "strict_smtputf8",
    ]
}
