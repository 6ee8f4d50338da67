/// Whether Postfix offers TLS to receivers (postconf(5), smtp_tls_security_level).
struct OutboundTLSExamination: DomainExamination {
    let name = "TLS"
    /// `smtp_tls_security_level`, as main.cf has it; empty where it has none.
    let level: String

    func part() -> DomainPart {
        guard !level.isEmpty, level != "none" else {
            let seen = "Postfix sends without TLS (smtp_tls_security_level is \(level.isEmpty ? "empty" : level))"
            let fix = """
                outbound_level = "may" below [mail.tls] in /etc/smtp-relay-agent/config.toml, then 'smtp-relay-agent \
                reconcile'
                """
            return DomainPart(name, seen, [Finding(.outboundTLSOff, seen: seen, fix: fix)])
        }
        let note =
            switch level {
            case "may": "where a receiver offers it"
            case "dane": "where a receiver offers it, verified where it has TLSA records"
            default: "always; mail to a receiver without it waits"
            }
        return DomainPart(name, "smtp_tls_security_level = \(level): TLS \(note)")
    }
}
