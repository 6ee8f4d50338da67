import AWS
import Host
import Vocabulary

/// Whether the smarthost's password can be read where the settings say that it is.
///
/// The passes read a parameter only now and then, and Postfix goes on with the password that it has, so what is wrong there
/// would show only on the next new node.
struct PasswordExamination: Examination {
    let name = "smarthost's password"
    let login: Upstream.Login?
    let files: FileSystem
    let parameters: any ParameterReading

    func findings() async -> [Finding] {
        do {
            switch login?.password {
            case nil: break
            case .file(let path): _ = try UpstreamPassword(files: files).read(path)
            case .parameter(let name):
                let value = try await parameters.parameter(name).value
                if UpstreamPassword.line(of: value) == nil { throw UnusableParameter(name: name) }
            }
        } catch {
            return [Self.judge(error)]
        }
        return []
    }

    static func judge(_ error: any Error) -> Finding {
        let fix = (error as? AWSFailure)?.deniedAction.map { action in
            let key = action == "kms:Decrypt" ? " on the key that the parameter is encrypted with" : ""
            return "allow \(action)\(key) in the policy of the instance's role"
        }
        return Finding(.passwordUnreadable, seen: "\(error)", fix: fix)
    }
}
