package import Signer
package import Vocabulary

/// A selector that a domain's mail is signed under.
package struct ExaminedSelector: Sendable {
    let name: String
    /// The record of the private key that signs; `nil` where only the selector is known.
    let wanted: PublicKeyRecord?
    /// The key of the settings; `nil` of a selector that a person names.
    let key: DKIMKey?
    /// Why the key of the settings could not be read.
    let failure: (any Error)?

    /// A selector that a person names.
    ///
    /// - Throws: `InvalidValue` for a text that can't be a part of a name in DNS.
    package init(_ text: String) throws(InvalidValue) {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { $0.isLetterDigitOrHyphen || $0 == UInt8(ascii: "_") }
        }
        guard isName, text.utf8.count <= 200 else {
            throw InvalidValue(text, expected: "a selector, such as relay2026")
        }
        self.init(name: text.lowercased(), wanted: nil)
    }

    /// A selector whose private key is known.
    package init(name: String, wanted: PublicKeyRecord?) {
        self.name = name
        self.wanted = wanted
        self.key = nil
        self.failure = nil
    }

    /// A key of `[[mail.dkim]]`.
    ///
    /// - Parameter record: The record that the key needs, or why the key can't be read.
    package init(_ key: DKIMKey, record: Result<PublicKeyRecord, any Error>) {
        self.name = "\(key.selector)"
        self.key = key
        switch record {
        case .success(let record): (wanted, failure) = (record, nil)
        case .failure(let error): (wanted, failure) = (nil, error)
        }
    }

    /// The name of the selector's record, for the mail of a domain that has no key of its own in the settings.
    func recordName(in domain: DomainName) -> String {
        wanted?.name ?? key?.recordName ?? PublicKeyRecord.name(selector: name, domain: "\(domain)")
    }
}

extension [ExaminedSelector] {
    /// The keys of the settings that sign the mail of a domain: its own or, if it has none, those of the longest of its parent
    /// domains that has some.
    func signing(_ domain: DomainName) -> [ExaminedSelector] {
        var rest = "\(domain)"[...]
        while true {
            let found = filter { $0.key.map { "\($0.domain)" == rest } ?? false }
            if !found.isEmpty { return found }
            guard let dot = rest.firstIndex(of: ".") else { return [] }
            rest = rest[rest.index(after: dot)...]
        }
    }
}
