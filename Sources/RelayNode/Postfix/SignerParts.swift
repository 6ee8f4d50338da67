import Vocabulary

/// The parameters by which Postfix has mail signed, and its senders checked.
struct SignerParts: Sendable, Equatable {
    private let isRequired: Bool
    private let version: PostfixVersion

    /// `nil` where mail is neither signed nor checked.
    init?(_ mail: NodeSettings.Mail, version: PostfixVersion) {
        guard mail.usesSigner else { return nil }
        self.isRequired = mail.needsSigner
        self.version = version
    }

    /// The parameters beside the values that main.cf has without the agent's: an operator's own milters stay, and come
    /// first, so that the signature covers what they change.
    func parameters(beside values: [String: String]) -> [PostfixConfiguration.Parameter] {
        let lists = ["smtpd_milters", "non_smtpd_milters"].map { name in
            let others = values[name] ?? ""
            return PostfixConfiguration.Parameter(name, others.isEmpty ? milter : "\(others), \(milter)")
        }
        guard version < .havingMilterOptions else { return lists }
        // The older Postfix has one action for all milters. Where there are others, theirs stays unless it is too weak.
        let hasOthers = ["smtpd_milters", "non_smtpd_milters"].contains { !(values[$0] ?? "").isEmpty }
        if hasOthers, !isRequired { return lists }
        return lists + [PostfixConfiguration.Parameter("milter_default_action", action)]
    }

    private var milter: String {
        version < .havingMilterOptions
            ? SignerEndpoint.place : "{ \(SignerEndpoint.place), default_action=\(action), protocol=6 }"
    }

    /// What Postfix does with mail while the signer does not answer (postconf(5), milter_default_action).
    private var action: String { isRequired ? "tempfail" : "accept" }
}
