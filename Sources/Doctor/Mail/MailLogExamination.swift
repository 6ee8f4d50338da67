import Host
import MailLogs
import Vocabulary

/// The last hour's mail log: refused senders, TLS, and deliveries.
struct MailLogExamination: Examination {
    let name = "mail log"
    let log: MailLog
    let commands: any ServiceCommands
    /// The settings and load balancers, where they could be read.
    let surroundings: @Sendable () async -> Surroundings

    struct Surroundings: Sendable {
        /// `mail.networks`, as it is set.
        var networks: [AllowedNetwork] = [.vpc]
        /// The load balancers' own addresses, each with its name.
        var loadBalancers: [IPAddress: String] = [:]
    }

    let limit: Duration = .seconds(30)

    func findings() async throws -> [Finding] {
        let reading = try await log.read()
        let digest = MailLogDigest(reading.entries)
        let ofLog = [reading.unreadable.map(Self.unreadable), Self.suppressed(await log.suppressed())]
        let surroundings = digest.denied.isEmpty ? Surroundings() : await surroundings()
        return ofLog.compactMap(\.self) + Self.judge(digest, surroundings, commands)
    }

    static func unreadable(_ line: String) -> Finding {
        Finding(
            .mailLogUnreadable,
            seen: "no line of the mail log begins with a time that can be read; the last begins with '\(line)'"
        )
    }

    private static func suppressed(_ count: Int) -> Finding? {
        guard count > 0 else { return nil }
        return Finding(
            .mailLogSuppressed,
            seen: "journald has dropped \(count) lines of Postfix's in the last hour, since there were too many at once"
        )
    }

    static func judge(
        _ digest: MailLogDigest,
        _ surroundings: Surroundings,
        _ commands: any ServiceCommands
    ) -> [Finding] {
        let denied = digest.denied.sorted { ($0.value, "\($1.key)") > ($1.value, "\($0.key)") }.prefix(shown)
        let refused = denied.map { relayAccessDenied($0.key, $0.value, surroundings) }
        let limited = digest.limited.findings(shown: shown, commands.mailLog(matching: "'limit exceeded'"))
        return refused + limited + [outboundBlocked(digest)].compactMap(\.self) + deliveries(digest, commands)
    }

    /// The findings about the mail that went out.
    static func deliveries(_ digest: MailLogDigest, _ commands: any ServiceCommands) -> [Finding] {
        [failing(digest, commands), bounced(digest, commands), tls(digest, commands)].compactMap(\.self)
    }

    /// The senders that are told one by one.
    private static let shown = 5

    private static func relayAccessDenied(_ client: IPAddress, _ count: Int, _ around: Surroundings) -> Finding {
        let range = IPNetwork(around: client, prefixLength: client.family.bits)
        let list = (around.networks.map(\.description) + ["\(range)"]).map { "\"\($0)\"" }.joined(separator: ", ")
        let allow = """
            add \(range): networks = [\(list)] below [mail] in /etc/smtp-relay-agent/config.toml, then \
            'smtp-relay-agent reconcile'
            """
        let times = count == 1 ? "once" : "\(count) times"
        if let loadBalancer = around.loadBalancers[client] {
            return Finding(
                .relayAccessDenied,
                of: "\(client)",
                seen: """
                    \(client) was refused \(times) with 'Relay access denied': it is the own address of \(loadBalancer), \
                    which hides the senders'
                    """,
                why: "all mail through that load balancer is refused",
                fix: "where only your senders can reach that load balancer, \(allow)"
            )
        }
        return Finding(
            .relayAccessDenied,
            // One try of a scanner is not an outage, and a stranger is meant to be refused.
            !range.isPrivate ? .info : count < leastFailures ? .warning : .critical,
            of: "\(client)",
            seen: "\(client) was refused \(times) with 'Relay access denied': it is in no network of mail.networks",
            why: range.isPrivate
                ? "mail of a host in your networks is refused"
                : "mail of that host is refused; for a stranger, that is as it should be",
            fix: "if it is a sender of yours, \(allow)"
        )
    }

    /// Time-outs everywhere, and not one delivery: AWS's own block (EC2 User Guide, "Restriction on email sent using port
    /// 25"), or a door that is closed.
    private static func outboundBlocked(_ digest: MailLogDigest) -> Finding? {
        guard digest.timedOut.count >= 2, !digest.hasDeliveredByPort25 else { return nil }
        return Finding(
            .outbound25Blocked,
            seen: """
                connections to port 25 of \(digest.timedOut.count) mail servers timed out \
                (\(digest.timedOut.sorted().prefix(shown).joined(separator: ", "))), and none succeeded
                """,
            fix: """
                send by a smarthost on port 587, such as Amazon SES, or ask AWS to lift the restriction (https://\
                aws.amazon.com/forms/ec2-email-limit-rdns-request); check as well: aws ec2 describe-security-groups
                """
        )
    }

    private static func failing(_ digest: MailLogDigest, _ commands: any ServiceCommands) -> Finding? {
        let count = digest.deferred.values.reduce(0, +)
        guard count > 0 else { return nil }
        return Finding(
            .deliveriesDeferred,
            severity(count, digest.deferredDomains, of: digest),
            seen: "\(count) of \(digest.attempts) deliveries were put off (4xx): \(top(digest.deferred))",
            fix: "mailq; \(commands.mailLog(matching: "status=deferred"))"
        )
    }

    private static func bounced(_ digest: MailLogDigest, _ commands: any ServiceCommands) -> Finding? {
        let count = digest.bounced.values.reduce(0, +)
        guard count > 0 else { return nil }
        return Finding(
            .deliveriesBounced,
            severity(count, digest.bouncedDomains, of: digest),
            seen: "\(count) of \(digest.attempts) deliveries were refused for good (5xx): \(top(digest.bounced))",
            fix: commands.mailLog(matching: "status=bounced")
        )
    }

    private static func tls(_ digest: MailLogDigest, _ commands: any ServiceCommands) -> Finding? {
        let count = digest.tlsFailures.values.reduce(0, +)
        guard count > 0 else { return nil }
        return Finding(
            .tlsFailures,
            count < leastFailures ? .info : .warning,
            seen: "\(count) TLS handshakes failed: \(top(digest.tlsFailures))",
            fix: "\(commands.mailLog(matching: "-E 'SSL_|TLS'")); postconf -n | grep tls"
        )
    }

    /// Single failures are normal for mail, and one mistyped address is no outage.
    ///
    /// - Parameter domains: The receivers' domains.
    private static func severity(_ count: Int, _ domains: Set<String>, of digest: MailLogDigest) -> Finding.Severity {
        guard count >= leastFailures else { return .info }
        if count * 2 >= digest.attempts { return domains.count >= leastDomains ? .critical : .warning }
        return count * 10 >= digest.attempts ? .warning : .info
    }

    /// Fewer in an hour are a chance.
    private static let leastFailures = 5
    /// One domain may be at fault itself.
    private static let leastDomains = 2

    private static func top(_ reasons: [String: Int]) -> String {
        let sorted = reasons.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
        return sorted.prefix(3).map { "\($0.value) x \($0.key.prefix(200).escapedForDisplay)" }.joined(separator: "; ")
    }
}
