import Vocabulary

/// The parameters that hand all mail to a smarthost, by TLS with the smarthost's own certificate only.
struct SmarthostParts: Sendable, Equatable {
    let parameters: [PostfixConfiguration.Parameter]
    let tables: [PostfixTable]

    /// - Parameters:
    ///   - password: Of the user that the smarthost knows; `nil` where Postfix is to go on with the one that it has.
    ///   - authorities: The system's file of the certificate authorities that it trusts.
    init(_ upstream: Upstream, password: Secret?, authorities: String, version: PostfixVersion) {
        typealias Parameter = PostfixConfiguration.Parameter
        let nexthop = "\(upstream.nexthop)"
        let policies = PostfixTable(.tlsPolicies, [(nexthop, "secure")], for: version)
        var parameters = [
            Parameter("relayhost", nexthop),
            // The policy is for this host alone: others are reached as mail.tls.outbound_level says.
            Parameter("smtp_tls_policy_maps", policies.name.reference(version)),
            Parameter("smtp_tls_CAfile", authorities),
        ]
        var tables = [policies]
        if upstream.isImplicitTLS {
            parameters.append(Parameter("default_transport", PostfixConfiguration.smarthostService))
        }
        if let login = upstream.login {
            if let password {
                tables.append(PostfixTable(.passwords, [(nexthop, "\(login.user):\(password.value)")], for: version))
            }
            parameters += [
                Parameter("smtp_sasl_auth_enable", "yes"),
                Parameter("smtp_sasl_password_maps", PostfixTable.Name.passwords.reference(version)),
                Parameter("smtp_sasl_security_options", "noanonymous"),
                Parameter("smtp_sasl_tls_security_options", "noanonymous"),
                Parameter("smtp_sasl_mechanism_filter", "plain, login"),
            ]
        }
        self.parameters = parameters
        self.tables = tables
    }
}
