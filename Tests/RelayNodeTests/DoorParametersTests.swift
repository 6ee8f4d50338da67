import RelayNode
import Testing
import Vocabulary

/// Each parameter that smtpd of Postfix 2.6 to 3.10 reads, and whether a door may set it (smtpd(8), postconf(5)).
struct DoorParametersTests {
    private func isAllowed(_ name: Substring) throws -> Bool {
        let text = "2525 inet n - n - - smtpd -o \(name)=x\n"
        return Doors(MasterCf(text), at: try IPAddress("10.0.1.10"), isProxied: false).unprovable.isEmpty
    }

    @Test func whatRefusesLimitsAndLogsIsAllowed() throws {
        for name in Self.harmless.split(whereSeparator: \.isWhitespace) {
            #expect(try isAllowed(name), "\(name)")
        }
    }

    /// Also those that say who may relay, whose own destinations there are, or where settings and programs are found.
    @Test func whatMayOpenOrIsNotKnownIsRefused() throws {
        for name in Self.refused.split(whereSeparator: \.isWhitespace) {
            #expect(try !isAllowed(name), "\(name)")
        }
    }

    private static let harmless = """
        2bounce_notice_recipient default_verp_delimiters fast_flush_domains helpful_warnings mail_name
        smtpd_tls_dcert_file smtpd_tls_session_cache_database verp_delimiter_filter reject_tempfail_action
        access_map_defer_code access_map_reject_code address_verify_poll_count address_verify_poll_delay
        address_verify_sender_ttl always_bcc authorized_verp_clients body_checks bounce_notice_recipient
        broken_sasl_auth_clients cleanup_service_name content_filter cyrus_sasl_config_path daemon_timeout
        debug_peer_level debug_peer_list default_rbl_reply defer_code disable_mime_input_processing
        disable_mime_output_conversion disable_vrfy_command error_notice_recipient header_address_token_limit
        header_checks header_from_format header_size_limit in_flow_delay invalid_hostname_reject_code ipc_timeout
        line_length_limit local_header_rewrite_clients maps_rbl_domains maps_rbl_reject_code max_idle max_use
        message_size_limit milter_command_timeout milter_connect_macros milter_connect_timeout milter_content_timeout
        milter_data_macros milter_default_action milter_end_of_data_macros milter_end_of_header_macros
        milter_helo_macros milter_macro_daemon_name milter_macro_defaults milter_macro_v milter_mail_macros
        milter_protocol milter_rcpt_macros milter_unknown_command_macros mime_boundary_length_limit mime_nesting_limit
        multi_recipient_bounce_reject_code non_fqdn_reject_code notify_classes permit_mx_backup_networks
        plaintext_reject_code queue_minfree rbl_reply_maps receive_override_options reject_code relay_clientcerts
        relay_domains_reject_code show_user_unknown_table_name smtpd_authorized_verp_clients
        smtpd_authorized_xforward_hosts smtpd_banner smtpd_client_auth_rate_limit smtpd_client_connection_count_limit
        smtpd_client_connection_rate_limit smtpd_client_event_limit_exceptions smtpd_client_ipv4_prefix_length
        smtpd_client_ipv6_prefix_length smtpd_client_message_rate_limit smtpd_client_new_tls_session_rate_limit
        smtpd_client_port_logging smtpd_client_recipient_rate_limit smtpd_client_restrictions
        smtpd_delay_open_until_valid_rcpt smtpd_delay_reject smtpd_discard_ehlo_keyword_address_maps
        smtpd_discard_ehlo_keywords smtpd_dns_reply_filter smtpd_end_of_data_restrictions smtpd_enforce_tls
        smtpd_error_sleep_time smtpd_etrn_restrictions smtpd_expansion_filter smtpd_forbid_bare_newline
        smtpd_forbid_bare_newline_exclusions smtpd_forbid_bare_newline_reject_code smtpd_forbid_unauth_pipelining
        smtpd_forbidden_commands smtpd_hard_error_limit smtpd_helo_required smtpd_helo_restrictions
        smtpd_hide_client_session smtpd_history_flush_threshold smtpd_junk_command_limit
        smtpd_log_access_permit_actions smtpd_milter_maps smtpd_milters smtpd_min_data_rate
        smtpd_null_access_lookup_key smtpd_peername_lookup smtpd_per_record_deadline smtpd_per_request_deadline
        smtpd_policy_service_default_action smtpd_policy_service_max_idle smtpd_policy_service_max_ttl
        smtpd_policy_service_policy_context smtpd_policy_service_request_limit smtpd_policy_service_retry_delay
        smtpd_policy_service_timeout smtpd_policy_service_try_limit smtpd_proxy_ehlo smtpd_proxy_filter
        smtpd_proxy_options smtpd_proxy_timeout smtpd_recipient_limit smtpd_recipient_overshoot_limit
        smtpd_reject_footer smtpd_reject_footer_maps smtpd_reject_unlisted_recipient smtpd_reject_unlisted_sender
        smtpd_relay_before_recipient_restrictions smtpd_sasl_auth_enable smtpd_sasl_authenticated_header
        smtpd_sasl_exceptions_networks smtpd_sasl_local_domain smtpd_sasl_mechanism_filter smtpd_sasl_path
        smtpd_sasl_response_limit smtpd_sasl_service smtpd_sasl_tls_security_options smtpd_sasl_type
        smtpd_sender_login_maps smtpd_sender_restrictions smtpd_soft_error_limit smtpd_starttls_timeout smtpd_timeout
        smtpd_tls_CAfile smtpd_tls_CApath smtpd_tls_always_issue_session_ids smtpd_tls_ask_ccert smtpd_tls_auth_only
        smtpd_tls_ccert_verifydepth smtpd_tls_chain_files smtpd_tls_ciphers smtpd_tls_dh1024_param_file
        smtpd_tls_dh512_param_file smtpd_tls_dkey_file smtpd_tls_eckey_file smtpd_tls_eecdh_grade smtpd_tls_enable_rpk
        smtpd_tls_exclude_ciphers smtpd_tls_fingerprint_digest smtpd_tls_key_file smtpd_tls_loglevel
        smtpd_tls_mandatory_ciphers smtpd_tls_mandatory_exclude_ciphers smtpd_tls_mandatory_protocols
        smtpd_tls_protocols smtpd_tls_received_header smtpd_tls_req_ccert smtpd_tls_security_level
        smtpd_tls_wrappermode smtpd_upstream_proxy_timeout smtpd_use_tls smtputf8_enable soft_bounce stress
        strict_7bit_headers strict_8bitmime strict_8bitmime_body strict_mime_encoding_domain strict_rfc821_envelopes
        strict_smtputf8 syslog_facility syslog_name unknown_address_reject_code unknown_address_tempfail_action
        unknown_client_reject_code unknown_helo_hostname_tempfail_action unknown_hostname_reject_code
        unknown_local_recipient_reject_code unknown_relay_recipient_reject_code unknown_virtual_alias_reject_code
        unknown_virtual_mailbox_reject_code unverified_recipient_defer_code unverified_recipient_reject_code
        unverified_recipient_reject_reason unverified_recipient_tempfail_action unverified_sender_defer_code
        unverified_sender_reject_code unverified_sender_reject_reason unverified_sender_tempfail_action
        """

    private static let refused = """
        process_name smtpd_service_name queue_service_name forward_path proxy_read_maps
        address_verify_sender allow_untrusted_routing canonical_maps compatibility_level config_directory
        daemon_directory debugger_command export_environment import_environment inet_interfaces inet_protocols
        lmtp_lhlo_name local_recipient_maps mail_owner meta_directory multi_instance_name mydestination mydomain
        myhostname mynetworks mynetworks_style myorigin parent_domain_matches_subdomains proxy_interfaces
        proxymap_service_name queue_directory recipient_canonical_maps recipient_delimiter relay_domains
        relay_recipient_maps relayhost rewrite_service_name sender_canonical_maps shlib_directory
        smtpd_authorized_xclient_hosts smtpd_command_filter smtpd_data_restrictions smtpd_noop_commands
        smtpd_recipient_restrictions smtpd_relay_restrictions smtpd_restriction_classes smtpd_upstream_proxy_protocol
        virtual_alias_domains virtual_alias_maps virtual_mailbox_domains virtual_mailbox_maps
        """
}
