import Vocabulary

/// Whether non-delivery reports have a way out: Amazon SES takes no mail without a sender, as these are (RFC 5321, section
/// 4.5.5).
struct BouncesExamination: Examination {
    let name = "bounces"
    let mail: NodeSettings.Mail

    func findings() -> [Finding] {
        guard let host = mail.upstream?.host, Self.isSES(host),
            !mail.transports.contains(where: { $0.domain == mail.domain }),
            !mail.destinations.contains(mail.domain)
        else { return [] }
        return [
            Finding(
                .bouncesThroughSES,
                seen: """
                    non-delivery reports to \(mail.domain) go to \(host), and Amazon SES refuses mail without a sender
                    """,
                fix: """
                    name the host with the mailboxes: [[mail.transport]] with domain = "\(mail.domain)" and nexthop = \
                    "[HOST]:25" in /etc/smtp-relay-agent/config.toml, then 'smtp-relay-agent reconcile'; or have \
                    copies sent to an address of another way: postconf -e notify_classes=bounce,resource,software \
                    bounce_notice_recipient=ADDRESS
                    """
            )
        ]
    }

    /// `email-smtp.REGION.amazonaws.com`, and the like with `-fips` and in other partitions (Amazon SES endpoints and
    /// quotas, AWS General Reference).
    static func isSES(_ host: DomainName) -> Bool {
        let name = host.description
        return (name.hasPrefix("email-smtp.") || name.hasPrefix("email-smtp-fips."))
            && [".amazonaws.com", ".amazonaws.com.cn"].contains { name.hasSuffix($0) }
    }
}
