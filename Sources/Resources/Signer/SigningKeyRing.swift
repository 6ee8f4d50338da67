package import Host
package import SystemPackage
package import Vocabulary

/// The keys that the signer signs with, as the agent's passes hand them over: in a file for root alone.
///
/// It lasts over a boot, so that the signer has its keys before anybody can ask AWS for them.
package struct SigningKeyRing: Sendable, Equatable, Codable {
    /// A key with its place in the settings.
    package struct Entry: Sendable, Hashable, Codable {
        package let domain: String
        package let selector: String
        /// The file or parameter that the key was read from, as `[[mail.dkim]]` has it in one text.
        package let source: String
        /// The private key in PEM.
        package let pem: String

        package init(domain: String, selector: String, source: String, pem: String) {
            self.domain = domain
            self.selector = selector
            self.source = source
            self.pem = pem
        }
    }

    package var entries: [Entry]
    /// Whether Amazon SES sends the mail, which replaces `Date` and `Message-ID`.
    package var isThroughSES: Bool
    /// The rules about senders; `nil` if everybody may send as anybody.
    package var senders: SenderRules?
    /// The domain that Postfix appends to a sender without one; `nil` where senders are not checked.
    package var domain: DomainName?

    package init(entries: [Entry], isThroughSES: Bool, senders: SenderRules? = nil, domain: DomainName? = nil) {
        self.entries = entries
        self.isThroughSES = isThroughSES
        self.senders = senders
        self.domain = domain
    }

    package static let folder: FilePath = "/var/lib/smtp-relay-agent/signer"
    package static let path = folder.appending("keys.json")
    /// The list of the keys that DNS has verified.
    package static let publishedKeys = folder.appending("published.json")

    package static func file(_ files: FileSystem) -> StateFile<SigningKeyRing> {
        StateFile(path, in: files, isSecret: true)
    }
}
