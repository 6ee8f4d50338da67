import Host
import Signer

/// Whether receivers can verify what a key signs.
enum KeyStanding: Sendable, Equatable {
    /// They can, as far as DNS has answered.
    case published
    /// They cannot, as DNS has answered.
    case unpublished(PublicationFault)
    /// It is not known: DNS has not answered yet.
    case unanswered(DNSFailure)
}
