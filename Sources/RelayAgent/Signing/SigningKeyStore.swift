import AWS
package import Host
import Resources
import Settings
package import Signer
import SystemPackage
package import Vocabulary

/// Puts new DKIM keys where the settings can name them, and reads those that they name.
package struct SigningKeyStore: Sendable {
    private let gatherer: Gatherer
    private let aws: AWSAccess
    private let files: FileSystem

    package init(gatherer: Gatherer, aws: AWSAccess, files: FileSystem) {
        self.gatherer = gatherer
        self.aws = aws
        self.files = files
    }

    /// Stores a new key, which replaces none.
    ///
    /// - Throws: `SigningKeyExists`, a `FileFailure`, an `AWSFailure`, or the error of metadata.
    package func store(_ key: PrivateKey, at place: Upstream.Place) async throws {
        switch place {
        case .file(let path):
            let file = FilePath(path.description)
            guard try files.file(at: file) == nil else { throw SigningKeyExists(path: path) }
            try files.createDirectory(file.removingLastComponent())
            try files.replace(file, with: Array(key.pem.utf8), attributes: FileAttributes(permissions: .ownerReadWrite))
        case .parameter(let name): try await client().store(name, Secret(key.pem))
        }
    }

    /// The keys that the settings name.
    ///
    /// - Throws: `UnusableSigningKey`, `KeyFailure`, a `FileFailure`, an `AWSFailure`, or what is wrong with the settings.
    package func keys(_ keys: [DKIMKey]) async throws -> [SigningKey] {
        var found: [SigningKey] = []
        for key in keys { found.append(try await key.signingKey(files: files) { try await client() }) }
        return found
    }

    private func client() async throws -> SSMClient {
        let facts = try await gatherer.facts()
        let account = aws.account(of: facts, gatherer.current().early.metadata)
        return SSMClient(aws.client(.ssm, of: account))
    }
}

/// A new key would take the place of another one.
package struct SigningKeyExists: Error, CustomStringConvertible {
    package let path: PlainPath

    package var description: String {
        "\(path) exists already, and mail may be signed by it; name another file, or remove this one first"
    }
}
