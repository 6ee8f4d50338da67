extension FindingKind {
    static let ofReputation: [FindingKind] = [
        noReverseDNS, reverseDNSMismatch, greetingIsNotReverseName, genericReverseName, greetingDoesNotResolve, noSPF,
        severalSPFRecords, spfWithoutRelay, spfAllowsEverybody, spfBroken, spfLookUpFails, ipv6WithoutName,
    ]

    static let noReverseDNS = FindingKind(
        "no-reverse-dns",
        .warning,
        seen: "The address that the world sees mail from has no name (no PTR record).",
        why: "many receivers refuse such mail or call it spam",
        cure: "aws ec2 modify-address-attribute --allocation-id ALLOCATION --domain-name NAME"
    )

    static let reverseDNSMismatch = FindingKind(
        "reverse-dns-mismatch",
        .warning,
        seen: "The name of that address does not lead back to it.",
        why: "receivers believe a name only where it leads back to the address",
        cure: "give the name an A or AAAA record of the address"
    )

    static let greetingIsNotReverseName = FindingKind(
        "greeting-is-not-reverse-name",
        .info,
        seen: "Postfix greets with another name than that address has.",
        why: "some receivers count that against mail",
        cure: "set mail.hostname to that name, then: smtp-relay-agent reconcile",
        isMetric: false
    )

    static let genericReverseName = FindingKind(
        "generic-reverse-name",
        .info,
        seen: "That address has the name that AWS gives to every address.",
        why: "some receivers take mail of such a name for a dial-up host's, and call it spam",
        cure: "give it a name of your own: aws ec2 modify-address-attribute",
        isMetric: false
    )

    static let greetingDoesNotResolve = FindingKind(
        "greeting-does-not-resolve",
        .warning,
        .info,
        seen: "Postfix greets with a name that has no address.",
        why: "many receivers refuse such mail or call it spam",
        cure: "give the name an A record, or set mail.hostname to a name that has one, then: smtp-relay-agent reconcile"
    )

    static let noSPF = FindingKind(
        "no-spf",
        .warning,
        seen: "The domain has no SPF record.",
        why: "receivers can't tell its mail from forged mail, and call it spam",
        cure: "a TXT record: v=spf1 ip4:ADDRESS ~all"
    )

    static let severalSPFRecords = FindingKind(
        "several-spf-records",
        .warning,
        seen: "The domain has more than one SPF record.",
        why: "with more than one, receivers take none (RFC 7208, section 4.5)",
        cure: "make them one"
    )

    static let spfWithoutRelay = FindingKind(
        "spf-without-relay",
        .warning,
        .info,
        seen: "The domain's SPF record does not name the address that the world sees mail from.",
        why: "receivers refuse this node's mail as forged",
        cure: "add the address to the record, as its first term"
    )

    static let spfAllowsEverybody = FindingKind(
        "spf-allows-everybody",
        .warning,
        seen: "The domain's SPF record lets every host of the world send, such as by +all.",
        why: "anybody can forge the domain's mail, and receivers trust none of it",
        cure: "name the senders' addresses, and end the record with ~all or -all"
    )

    static let spfBroken = FindingKind(
        "spf-broken",
        .warning,
        .info,
        seen: "The domain's SPF record can't be evaluated: a term is wrong, or it needs more than ten look-ups.",
        why: "receivers take a record that breaks for none, or refuse the mail",
        cure: "mend the term that the finding names"
    )

    static let spfLookUpFails = FindingKind(
        "spf-look-up-fails",
        .warning,
        seen: "A look-up that the domain's SPF record needs fails.",
        why: "receivers put the mail off until the look-up succeeds, or call it spam",
        cure: "mend the name servers of that name, or remove the term"
    )

    static let ipv6WithoutName = FindingKind(
        "ipv6-without-name",
        .warning,
        seen: "Postfix may send by IPv6, from an address without a name that leads back to it.",
        why: "large receivers refuse mail of such an address",
        cure: "postconf -e smtp_address_preference=ipv4; postfix reload; or give the address a PTR record"
    )
}
