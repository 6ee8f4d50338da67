/// The reason why receivers cannot verify what a key signs, as the answer of DNS shows it.
package enum PublicationFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// DNS says that there is no TXT record.
    case missing
    /// Receivers may take any of several records (RFC 6376, section 3.6.2.2).
    case several(Int)
    case revoked
    /// The flag `y`: receivers may treat the mail as unsigned.
    case testing
    case otherKey
    /// The record cannot be used, for this reason: `k`, `h` or `s` does not fit, or it is not well formed.
    case unusable(String)
    /// The trial message could not be signed.
    case notSigned(SigningFailure)

    /// The fault of the record, to be put behind its name.
    package var description: String {
        switch self {
        case .missing: "is not in DNS"
        case .several(let count): "has \(count) TXT records, of which receivers may take any"
        case .revoked: "says that its key is revoked (its tag p is empty)"
        case .testing: "says that DKIM is only tested (t=y), so receivers may take the mail for unsigned"
        case .otherKey: "has another key than the one that signs"
        case .unusable(let reason): "can't be used: \(reason.onOneLine)"
        case .notSigned(let failure): "could not be tried: \(failure)"
        }
    }
}

extension SigningKey {
    /// Signs a message as the signer does, and verifies it as a receiver does.
    ///
    /// - Parameters:
    ///   - texts: The TXT records that DNS has under the name of the key's record, each joined.
    ///   - headers: Those that are signed.
    ///   - time: Seconds since 1970.
    /// - Throws: The fault that a receiver would find.
    package func verify(
        against texts: [String],
        headers: SignedHeaders = .standard,
        at time: Int
    ) throws(PublicationFault) {
        guard let text = texts.first else { throw .missing }
        guard texts.count == 1 else { throw .several(texts.count) }
        guard !PublicKey.isRevoked(record: text) else { throw .revoked }
        let message = try trialMessage(headers, at: time)
        let isTesting: Bool
        do throws(VerificationFailure) {
            guard let signature = message.signatures.first else { throw .signature("there is none") }
            try message.verify(signature, record: text, at: time)
            isTesting = try PublicKey(record: text, name: record.name).isTesting
        } catch {
            throw PublicationFault(error)
        }
        guard !isTesting else { throw .testing }
    }

    private func trialMessage(_ headers: SignedHeaders, at time: Int) throws(PublicationFault) -> SignedMessage {
        let fields = [
            HeaderField("From", " <postmaster@\(domain)>"), HeaderField("To", " <postmaster@\(domain)>"),
            HeaderField("Subject", " trial of the key \(selector)"),
        ]
        let body = Array("This message is never sent.\r\n".utf8)
        var signer = MessageSigner(headers: headers)
        for field in fields { signer.add(field) }
        signer.addBody(body)
        do throws(SigningFailure) {
            let signed = try signer.sign(with: [self], at: time) + fields
            let lines = signed.flatMap { $0.name + [.colon] + $0.value + [.carriageReturn, .lineFeed] }
            return SignedMessage(lines + [.carriageReturn, .lineFeed] + body)
        } catch {
            throw .notSigned(error)
        }
    }
}

extension PublicationFault {
    fileprivate init(_ failure: VerificationFailure) {
        switch failure {
        case .noRecord: self = .missing
        case .record(_, let reason): self = .unusable(reason)
        case .headersChanged: self = .otherKey
        case .signature, .expired, .bodyChanged: self = .unusable("\(failure)")
        }
    }
}
