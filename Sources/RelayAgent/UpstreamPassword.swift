import AWS
import Host
import SystemPackage
import Vocabulary

/// The smarthost's password, in a file for root's eyes alone.
struct UpstreamPassword {
    let files: FileSystem

    /// - Throws: `UnusablePassword`, or a `FileFailure` where the file can't be read.
    func read(_ path: PlainPath) throws -> Secret {
        func unusable(_ reason: UnusablePassword.Reason) -> UnusablePassword {
            UnusablePassword(path: path, reason: reason)
        }
        guard let file = try files.file(at: FilePath(path.description)) else { throw unusable(.missing) }
        guard file.isRegular else { throw unusable(.notPlain) }
        let others: FilePermissions = [.groupReadWriteExecute, .otherReadWriteExecute]
        guard file.attributes.owner == 0, file.attributes.permissions.isDisjoint(with: others) else {
            throw unusable(.open)
        }
        guard let text = String(validating: file.bytes, as: UTF8.self), let secret = Self.line(of: text) else {
            throw unusable(.notOneLine)
        }
        return secret
    }

    /// The same, wherever it is.
    ///
    /// - Throws: `UnusableParameter`, or an `AWSFailure`, besides what a file's reading throws.
    func read(_ place: Upstream.Place, _ parameters: any ParameterReading) async throws -> Secret {
        switch place {
        case .file(let path): return try read(path)
        case .parameter(let name):
            let value = try await parameters.parameter(name).value
            guard let secret = Self.line(of: value) else { throw UnusableParameter(name: name) }
            return secret
        }
    }

    /// The one line of a text; `nil` where it can't be a password.
    static func line(of text: String) -> Secret? {
        var text = text
        if text.last?.isNewline == true { text.removeLast() }
        // Postfix takes blanks at either end away, and a line break for another entry.
        let isLine = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isLine, !text.isEmpty, text.utf8.count <= 1024, text.first != " ", text.last != " " else {
            return nil
        }
        return Secret(text)
    }
}

/// A password that can't be used, or is no secret.
struct UnusablePassword: Error, Equatable, CustomStringConvertible {
    enum Reason: Equatable {
        case missing
        case notPlain
        case open
        case notOneLine
    }

    let path: PlainPath
    let reason: Reason

    var description: String {
        let explanation =
            switch reason {
            case .missing: "there is no such file; write the password into it, as root, with mode 600"
            case .notPlain: "it is not a plain file; put the password itself there, not a link to it"
            case .open: "users other than root can read or change it; run 'chown root \(path)' and 'chmod 600 \(path)'"
            case .notOneLine: "it must hold one line of text, without blanks at its start and end"
            }
        return "mail.upstream.password_file: \(path): \(explanation)"
    }
}
