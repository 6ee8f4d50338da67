extension FindingKind {
    static let ofDomain: [FindingKind] = [
        dkimNoRecord, dkimSeveralRecords, dkimBroken, dkimRevoked, dkimTestMode, dkimKeyDiffers, dkimKeyWeak, noDMARC,
        severalDMARCRecords, dmarcBroken, dmarcFails, outboundTLSOff, onBlockList, bouncesLost, mxWithoutAddress,
    ]

    static let dkimNoRecord = FindingKind(
        "dkim-no-record",
        .warning,
        seen: "A selector has no TXT record with a public key.",
        why: "receivers can't verify signatures under that selector, and take the mail for unsigned",
        cure: "publish the public key of the selector's private key as TXT record SELECTOR._domainkey.DOMAIN",
        isMetric: false
    )

    static let dkimSeveralRecords = FindingKind(
        "dkim-several-records",
        .warning,
        seen: "A selector has more than one TXT record.",
        why: "receivers may take any of them, and the signatures fail at some (RFC 6376, section 3.6.2.2)",
        cure: "keep the record of the key that signs; give another key a selector of its own",
        isMetric: false
    )

    static let dkimBroken = FindingKind(
        "dkim-broken",
        .warning,
        seen: "A selector's record is not valid, or its RSA key is shorter than 1024 bits.",
        why: "receivers can't verify signatures under that selector, and take the mail for unsigned",
        cure: "publish the record of the key that signs, of 2048 bits for RSA",
        isMetric: false
    )

    static let dkimRevoked = FindingKind(
        "dkim-revoked",
        .warning,
        seen: "A selector's record says that its key is revoked (its tag p is empty).",
        why: "receivers take signatures under that selector for wrong",
        cure: "sign under another selector",
        isMetric: false
    )

    static let dkimTestMode = FindingKind(
        "dkim-test-mode",
        .warning,
        seen: "A selector's record says that DKIM is only tested (t=y).",
        why: "receivers may treat the mail as unsigned (RFC 6376, section 3.6.1)",
        cure: "publish the record without the flag y",
        isMetric: false
    )

    static let dkimKeyDiffers = FindingKind(
        "dkim-key-differs",
        .warning,
        seen: "A selector's record has another key than the one that signs.",
        why: "no signature under that selector verifies",
        cure: "publish the record of the key that signs",
        isMetric: false
    )

    static let dkimKeyWeak = FindingKind(
        "dkim-key-weak",
        .info,
        seen: "A selector's RSA key is shorter than 2048 bits.",
        why: "such a key can be broken with effort, and some receivers count it less (RFC 8301, section 3.2)",
        cure: "generate a key of 2048 bits under a new selector, publish its record, and sign with it",
        isMetric: false
    )

    static let noDMARC = FindingKind(
        "no-dmarc",
        .warning,
        seen: "Neither the domain nor its organization has a DMARC record.",
        why: "large receivers refuse bulk mail of such a domain, or call it spam",
        cure: "a TXT record of _dmarc.DOMAIN: v=DMARC1; p=none",
        isMetric: false
    )

    static let severalDMARCRecords = FindingKind(
        "several-dmarc-records",
        .warning,
        seen: "The domain has more than one DMARC record.",
        why: "with more than one, receivers take none (RFC 7489, section 6.6.3)",
        cure: "make them one",
        isMetric: false
    )

    static let dmarcBroken = FindingKind(
        "dmarc-broken",
        .warning,
        seen: "The domain's DMARC record is not valid: its version or its policy (p) can't be understood.",
        why: "receivers take such a record for none",
        cure: "a TXT record of _dmarc.DOMAIN: v=DMARC1; p=none",
        isMetric: false
    )

    static let dmarcFails = FindingKind(
        "dmarc-fails",
        .warning,
        seen: "Neither SPF nor DKIM vouches for mail in the domain's name.",
        why: "receivers do with it as the domain's policy says, or call it spam",
        cure: "mend SPF or DKIM; one of them is enough",
        follows: [
            .any(noSPF), .any(severalSPFRecords), .any(spfBroken), .any(spfWithoutRelay), .any(spfLookUpFails),
            .any(dkimNoRecord), .any(dkimSeveralRecords), .any(dkimBroken), .any(dkimRevoked), .any(dkimTestMode),
            .any(dkimKeyDiffers),
        ],
        isMetric: false
    )

    static let outboundTLSOff = FindingKind(
        "outbound-tls-off",
        .warning,
        seen: "Postfix does not use TLS to receivers (smtp_tls_security_level).",
        why: "anybody on the way can read the mail, and large receivers refuse bulk mail without TLS",
        cure: "set mail.tls.outbound_level to may, then: smtp-relay-agent reconcile",
        isMetric: false
    )

    static let onBlockList = FindingKind(
        "on-block-list",
        .warning,
        seen: "A public block list has an address that mail leaves by.",
        why: "many receivers refuse mail of such an address",
        cure: "stop the mail that is complained about; then ask the list to remove the address",
        isMetric: false
    )

    static let bouncesLost = FindingKind(
        "bounces-lost",
        .warning,
        seen: "The domain takes no mail: it has a null MX record, or neither an MX record nor an address.",
        why: "non-delivery reports get lost, and receivers may refuse such mail (RFC 7505, section 4.3)",
        cure: "publish an MX record of the domain that names the host of its mailboxes",
        isMetric: false
    )

    static let mxWithoutAddress = FindingKind(
        "mx-without-address",
        .warning,
        .info,
        seen: "A host that the domain's MX records name has no address.",
        why: "non-delivery reports can't reach it",
        cure: "give the host an A record, or name another one in the MX record",
        isMetric: false
    )
}
