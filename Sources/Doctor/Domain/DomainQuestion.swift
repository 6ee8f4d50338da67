package import Vocabulary

/// A person's question about a domain that mail is sent for.
package struct DomainQuestion: Sendable {
    let domain: DomainName
    private(set) var selectors: [ExaminedSelector]
    let asksBlockLists: Bool

    /// - Parameters:
    ///   - selectors: Those that the domain's mail is signed under.
    ///   - asksBlockLists: Whether public block lists are asked for the addresses that mail leaves by.
    package init(domain: DomainName, selectors: [ExaminedSelector], asksBlockLists: Bool) {
        self.domain = domain
        self.selectors = selectors
        self.asksBlockLists = asksBlockLists
    }

    /// The question with the keys of the settings that sign the domain's mail, before the selectors that a person names.
    func adding(_ keys: [ExaminedSelector]) -> DomainQuestion {
        var question = self
        let known = keys.signing(domain)
        let names = Set(known.map { $0.recordName(in: domain) })
        question.selectors = known + selectors.filter { !names.contains($0.recordName(in: domain)) }
        return question
    }
}
