import AWS
import Host
import Signer
import Vocabulary

extension DKIMKey {
    /// Reads the key from its place.
    ///
    /// - Parameter parameters: Gives the store of a key that is a parameter.
    /// - Throws: `UnusableSigningKey`, `KeyFailure`, a `FileFailure`, an `AWSFailure`, or the error of `parameters`.
    func signingKey(
        files: FileSystem,
        parameters: () async throws -> any ParameterReading
    ) async throws -> SigningKey {
        let pem: String
        switch place {
        case .file(let path): pem = try SigningKeyFile(files: files).read(path)
        case .parameter(let name):
            pem = try await parameters().parameter(name).value
            try SigningKeyFile.check(pem, setting: "mail.dkim: key_parameter", source: "\(name)")
        }
        return try SigningKey(domain: "\(domain)", selector: "\(selector)", key: PrivateKey(pem: pem))
    }
}
