/// A whole message in memory, for a check of its signatures. Only the relay's own small messages are checked so.
package struct SignedMessage: Sendable {
    package let fields: [HeaderField]
    private let body: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) {
        var fields: [HeaderField] = []
        var rest = bytes[...]
        // A line that is no field is left out, with the lines that continue it.
        var isInField = false
        while !rest.isEmpty {
            let line = rest.prefix { $0 != .lineFeed }
            rest = rest.dropFirst(line.count + 1)
            let content = line.last == .carriageReturn ? line.dropLast() : line
            if content.isEmpty { break }
            if content.first?.isBlank == true {
                guard isInField, let last = fields.last else { continue }
                fields[fields.count - 1] = HeaderField(
                    name: last.name,
                    value: last.value + [.carriageReturn, .lineFeed] + content
                )
            } else {
                isInField = false
                guard let colon = content.firstIndex(of: .colon) else { continue }
                isInField = true
                fields.append(
                    HeaderField(name: Array(content[..<colon]), value: Array(content[(colon + 1)...]))
                )
            }
        }
        self.fields = fields
        self.body = rest
    }

    /// The `DKIM-Signature` fields, from the top.
    package var signatures: [HeaderField] { fields.filter { $0.key == "dkim-signature" } }

    /// Verifies a signature of this message.
    ///
    /// - Parameters:
    ///   - field: One of `signatures`.
    ///   - record: The joined text of the TXT record that `ReceivedSignature.recordName` names; `nil` if there is none.
    ///   - time: Seconds since 1970.
    /// - Throws: `VerificationFailure`.
    package func verify(_ field: HeaderField, record: String?, at time: Int) throws(VerificationFailure) {
        let signature = try ReceivedSignature(field)
        guard let record else { throw .noRecord(signature.recordName) }
        let key = try PublicKey(record: record, name: signature.recordName)
        guard key.algorithm == signature.algorithm else {
            throw .record(name: signature.recordName, "it has no key for \(signature.algorithm.rawValue)")
        }
        guard !key.isForExactDomain || signature.identityDomain == signature.domain else {
            throw .signature("its record does not allow subdomains in the tag i (flag s)")
        }
        if let expiration = signature.expiration, expiration < time { throw .expired }
        var bodyHash = BodyHash(signature.bodyForm)
        body.withUnsafeBytes { bodyHash.update($0) }
        guard bodyHash.finish() == signature.bodyHash else { throw .bodyChanged }
        guard key.isValid(signature.signature, of: signedHeaders(signature, field)) else { throw .headersChanged }
    }

    /// The bytes that the signature signs (section 3.7).
    private func signedHeaders(_ signature: ReceivedSignature, _ field: HeaderField) -> [UInt8] {
        let places = HeaderSelection(fields.map(\.key)).places(of: signature.names)
        let own = HeaderField(name: field.name, value: TagList.withoutSignature(field.value))
        return places.flatMap { fields[$0].canonical(signature.headerForm) }
            + own.canonical(signature.headerForm).dropLast(2)
    }
}
