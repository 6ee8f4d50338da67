import Host
import Signer
import SystemPackage
import Vocabulary

/// A DKIM key in a file for root's eyes alone.
struct SigningKeyFile {
    let files: FileSystem

    /// - Returns: The key in PEM.
    /// - Throws: `UnusableSigningKey`, or a `FileFailure`.
    func read(_ path: PlainPath) throws -> String {
        func unusable(_ reason: UnusableSigningKey.Reason) -> UnusableSigningKey {
            UnusableSigningKey(setting: "mail.dkim: key_file", source: "\(path)", reason: reason)
        }
        guard let file = try files.file(at: FilePath(path.description)) else { throw unusable(.missing) }
        guard file.isRegular else { throw unusable(.notPlain) }
        let others: FilePermissions = [.groupReadWriteExecute, .otherReadWriteExecute]
        guard file.attributes.owner == 0, file.attributes.permissions.isDisjoint(with: others) else {
            throw unusable(.open)
        }
        let text = String(decoding: file.bytes, as: UTF8.self)
        try Self.check(text, setting: "mail.dkim: key_file", source: "\(path)")
        return text
    }

    /// - Throws: `UnusableSigningKey` where a text is no private key.
    static func check(_ text: String, setting: String, source: String) throws(UnusableSigningKey) {
        do throws(KeyFailure) {
            _ = try PrivateKey(pem: text)
        } catch {
            throw UnusableSigningKey(setting: setting, source: source, reason: .key(error))
        }
    }
}

/// A DKIM key that can't be used, or is no secret.
struct UnusableSigningKey: Error, Equatable, CustomStringConvertible {
    enum Reason: Equatable {
        case missing
        case notPlain
        case open
        case key(KeyFailure)
    }

    let setting: String
    let source: String
    let reason: Reason

    var description: String {
        let explanation =
            switch reason {
            case .missing: "there is no such file; 'smtp-relay-agent dkim generate --file \(source)' makes a key"
            case .notPlain: "it is not a plain file; put the key itself there, not a link to it"
            case .open:
                "users other than root can read or change it; run 'chown root \(source)' and 'chmod 600 \(source)'"
            case .key(let failure): "\(failure)"
            }
        return "\(setting): \(source): \(explanation)"
    }
}
