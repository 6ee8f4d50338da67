package import AWS
import FoundationEssentials
import Vocabulary

extension MetadataClient: RoleCredentialReading {
    /// The credentials of the instance's role (EC2 User Guide, "Retrieve security credentials from instance metadata").
    ///
    /// - Throws: `MetadataFailure`; a role that is attached but not there yet, as at boot (amazon-eks-ami PR #1970), is
    ///   waited for a while.
    package func roleCredentials() async throws -> Credentials {
        let folder = "iam/security-credentials/"
        let reader = reader(within: .seconds(10), trustsSilence: true)
        func failure(_ path: String, _ reason: MetadataFailure.Reason) -> MetadataFailure {
            reader.failure(path, reason)
        }
        let listing = try await reader.required(folder, absence: .noRole)
        guard let role = listing.split(whereSeparator: \.isWhitespace).first else { throw failure(folder, .noRole) }
        let text = try await reader.required(folder + role, absence: .noRole)
        // The document is a secret: no error may quote it.
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(text.utf8)) else {
            throw failure(folder + role, .badCredentials("not the JSON that was expected"))
        }
        if let code = document.Code, code != "Success" {
            let cure =
                code == "AssumeRoleUnauthorizedAccess"
                ? ": the role's trust policy does not let EC2 use it; allow sts:AssumeRole to the service ec2 there"
                : ""
            throw failure(folder + role, .badCredentials("the service says '\(code.escapedForDisplay)'\(cure)"))
        }
        guard let id = document.AccessKeyId, let secret = document.SecretAccessKey, !id.isEmpty, !secret.isEmpty else {
            throw failure(folder + role, .badCredentials("a key is missing"))
        }
        return Credentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: document.Token,
            expiration: document.Expiration.flatMap(CivilDate.seconds(iso8601:))
        )
    }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
private struct Document: Decodable {
    let Code: String?
    let AccessKeyId: String?
    let SecretAccessKey: String?
    let Token: String?
    let Expiration: String?
}
