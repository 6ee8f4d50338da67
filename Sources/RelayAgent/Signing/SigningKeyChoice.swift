import Resources
import Signer

/// The keys that the signer gets, of those that the settings name: each domain's that receivers can verify.
///
/// Where a domain has none of these in the settings, the signer goes on with one that it has and that they can verify. Without
/// any, it gets those of the settings all the same: to receivers, such a signature is none.
struct SigningKeyChoice: Sendable, Equatable {
    private(set) var ring: SigningKeyRing
    /// The keys that are not used yet, though the settings name them.
    private(set) var waiting: [UnpublishedKey] = []
    /// The keys of the domains that have none that receivers can verify.
    private(set) var unverifiable: [UnpublishedKey] = []

    /// All keys of the settings.
    init(ring: SigningKeyRing) { self.ring = ring }

    /// - Parameters:
    ///   - wanted: The keys of the settings.
    ///   - current: Those that the signer has.
    ///   - standings: Says of keys whether receivers can verify what they sign, in the keys' order.
    init(
        _ wanted: SigningKeyRing,
        current: [SigningKeyRing.Entry],
        standings: ([SigningKeyRing.Entry]) async throws -> [KeyStanding]
    ) async throws {
        let found = zip(wanted.entries, try await standings(wanted.entries)).map(Judged.init)
        let signed = Set(found.filter(\.isPublished).map(\.entry.domain))
        let former = current.filter { entry in
            wanted.entries.contains { $0.domain == entry.domain } && !signed.contains(entry.domain)
                && !wanted.entries.contains(entry)
        }
        let answers = former.isEmpty ? [] : try await standings(former)
        let going = zip(former, answers).map(Judged.init).filter(\.isPublished)
        self.init(ring: wanted)
        ring.entries = []
        for key in found {
            let domain = key.entry.domain
            let replacing = going.filter { $0.entry.domain == domain }.map(\.entry)
            if key.isPublished {
                ring.entries.append(key.entry)
            } else if signed.contains(domain) {
                waiting.append(try UnpublishedKey(key, goingOn: found.filter(\.isPublished).map(\.entry)))
            } else if !replacing.isEmpty {
                ring.entries += replacing.filter { !ring.entries.contains($0) }
                waiting.append(try UnpublishedKey(key, goingOn: replacing))
            } else {
                ring.entries.append(key.entry)
                unverifiable.append(try UnpublishedKey(key, goingOn: []))
            }
        }
    }

    struct Judged: Sendable {
        let entry: SigningKeyRing.Entry
        let standing: KeyStanding

        var isPublished: Bool { standing == .published }
    }
}

/// A key whose signatures receivers can't verify.
struct UnpublishedKey: Sendable, Equatable {
    let record: PublicKeyRecord
    let standing: KeyStanding
    /// The selectors that the domain's mail is signed under meanwhile.
    let others: [String]

    fileprivate init(_ key: SigningKeyChoice.Judged, goingOn others: [SigningKeyRing.Entry]) throws {
        self.record = try key.entry.key.record
        self.standing = key.standing
        self.others = others.filter { $0.domain == key.entry.domain }.map(\.selector)
    }

    /// The fault, and the cure.
    var why: String {
        let publish = "publish this TXT record of \(record.name): \(record.quotedValue)"
        return switch standing {
        case .published: "\(record.name) is as it should be"
        case .unpublished(.missing): "\(record.name) \(PublicationFault.missing); \(publish)"
        case .unpublished(.revoked): "\(record.name) \(PublicationFault.revoked); sign under another selector"
        case .unpublished(let fault): "\(record.name) \(fault); in place of all TXT records of this name, \(publish)"
        case .unanswered(let failure):
            """
            DNS could not be asked for \(record.name): \(failure); see /etc/resolv.conf. The record has to be: \
            \(record.quotedValue)
            """
        }
    }

    var whyItWaits: String {
        """
        this key does not sign yet, and mail is signed under \(others.joined(separator: ", ")): \(why)
        """
    }
}

extension SigningKeyRing.Entry {
    /// - Throws: `KeyFailure`.
    var key: SigningKey {
        get throws(KeyFailure) { try SigningKey(domain: domain, selector: selector, key: PrivateKey(pem: pem)) }
    }
}

/// No receiver can verify this node's signatures for a domain, so the node does not join its load balancers.
struct UnverifiableSignatures: Error, Equatable, CustomStringConvertible {
    /// At least one.
    let keys: [UnpublishedKey]

    var description: String {
        """
        receivers can't verify the mail that this node signs, so it does not join a load balancer: \
        \(keys.map(\.why).joined(separator: "; ")). It joins by itself once the record is there; \
        mail.allow_unpublished_dkim = true lets it join at once
        """
    }

    /// Whether it is only DNS that has not answered yet.
    var isSilence: Bool {
        keys.allSatisfy { key in
            if case .unanswered = key.standing { true } else { false }
        }
    }

    /// The same of a node that is in service already, and stays so.
    var warning: String {
        "receivers can't verify the mail that this node signs: \(keys.map(\.why).joined(separator: "; "))"
    }
}
