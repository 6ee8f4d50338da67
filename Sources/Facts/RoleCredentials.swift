package import AWS
import FoundationEssentials
import HTTP

extension MetadataClient: RoleCredentialReading {
    /// The credentials of the instance's role (EC2 User Guide, "Retrieve security credentials from instance metadata").
    ///
    /// - Throws: `MetadataFailure`; a role that is attached but not there yet, as at boot (amazon-eks-ami PR #1970), is
    ///   waited for a while.
    package func roleCredentials() async throws -> Credentials {
        let folder = "iam/security-credentials/"
        let listing = try await required(folder, within: .seconds(15))
        guard let role = listing?.split(separator: "\n").first.map(String.init), !role.isEmpty else {
            throw failure(folder, .noRole)
        }
        guard let text = try await required(folder + role, within: .seconds(15)) else {
            throw failure(folder, .noRole)
        }
        // The document is a secret: no error may quote it.
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(text.utf8)) else {
            throw failure(folder + role, .badCredentials("not the JSON that was expected"))
        }
        guard document.Code == nil || document.Code == "Success" else {
            throw failure(folder + role, .badCredentials("the service says \(document.Code ?? "")"))
        }
        return Credentials(
            accessKeyID: document.AccessKeyId,
            secretAccessKey: document.SecretAccessKey,
            sessionToken: document.Token,
            expiration: document.Expiration.flatMap(CivilDate.seconds(iso8601:))
        )
    }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
private struct Document: Decodable {
    let Code: String?
    let AccessKeyId: String
    let SecretAccessKey: String
    let Token: String?
    let Expiration: String?
}
