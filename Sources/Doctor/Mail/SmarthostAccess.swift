import Host
import RelayNode
import SystemPackage
import Vocabulary

/// The login of Postfix at the smarthost, as the agent's own tables have it.
struct SmarthostAccess: Sendable, Equatable {
    struct Login: Sendable, Equatable {
        let user: UserName
        let password: Secret
    }

    /// The file of the authorities that may sign the smarthost's certificate; `nil` where none is checked.
    let authorities: String?
    let login: Login?

    /// - Parameters:
    ///   - relayhost: As main.cf has it, and the tables with it.
    ///   - authorities: As main.cf has them (postconf(5), smtp_tls_CAfile).
    init(_ relayhost: String, authorities: String, files: FileSystem) {
        func value(in table: PostfixTable.Name) -> String? {
            guard let bytes = try? files.bytes(at: FilePath(table.path)) else { return nil }
            return PostfixTable.value(of: relayhost, in: String(decoding: bytes, as: UTF8.self), of: table)
        }
        let isSecure = value(in: .tlsPolicies) == "secure" && !authorities.isEmpty
        self.authorities = isSecure ? authorities : nil
        let pair = isSecure ? value(in: .passwords)?.split(separator: ":", maxSplits: 1) ?? [] : []
        let user = pair.first.flatMap { try? UserName($0) }
        self.login = pair.count == 2 ? user.map { Login(user: $0, password: Secret(String(pair[1]))) } : nil
    }
}
