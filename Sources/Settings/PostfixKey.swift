extension SettingKey {
    /// `[postfix]`, whose keys are the parameters of Postfix.
    static let postfix = SettingKey(
        "postfix",
        .parameters,
        .any,
        from: .fleet,
        standard: nil,
        otherwise: "none",
        """
        Your own parameters of `main.cf`, as a table: `[postfix]` and a line such as `smtpd_banner = "mx.example.com ESMTP"` \
        for each. `true` and `false` are written as `yes` and `no`, and the items of a list with commas between them. Postfix \
        has to know the parameter, and the relay has to be proven with it; otherwise it is not in force. A parameter of \
        the agent's is refused. A parameter that you remove gets the value that it had before. In a variable or flag: \
        `name=value,...`.
        """
    )
}
