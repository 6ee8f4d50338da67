extension FindingKind {
    static let ofExamining: [FindingKind] = [
        missingPermission, examinationFailed, examinationTimedOut, mailLogUnreadable,
    ]

    static let missingPermission = FindingKind(
        "missing-permission",
        .warning,
        seen: "The instance's role may not do what an examination needs.",
        why: "what is wrong there is not known",
        cure: "allow the action that the finding names in the policy of the instance's role",
        isMetric: false
    )

    static let examinationFailed = FindingKind(
        "examination-failed",
        .warning,
        seen: "An examination could not be made.",
        why: "what is wrong there is not known",
        cure: "mend what the finding says, and run 'smtp-relay-agent doctor' again",
        follows: [.any(clockWrong), .any(dnsNoServer), .any(dnsNoAnswer), .any(smtpNoAnswer), .any(serviceDown)],
        isMetric: false
    )

    static let examinationTimedOut = FindingKind(
        "examination-timed-out",
        .warning,
        seen: "An examination did not end in time.",
        why: "what it would have found is not known",
        cure: "smtp-relay-agent doctor",
        follows: [.any(dnsNoServer), .any(dnsNoAnswer)],
        isMetric: false
    )

    static let mailLogUnreadable = FindingKind(
        "mail-log-unreadable",
        .warning,
        seen: "The mail log has lines, but none with a time that the doctor can read.",
        why: "what the mail log says of the last hour is not known",
        cure: "have syslog write times as 'Nov 24 11:31:19' or '2026-11-24T11:31:19+00:00'",
        isMetric: false
    )
}
