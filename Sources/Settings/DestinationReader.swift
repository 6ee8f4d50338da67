import Vocabulary

extension ValueReader {
    /// `[[mail.destination]]`.
    ///
    /// - Parameter mail: The settings of where mail goes.
    func destinations(beside mail: NodeSettings.Mail) -> [Destination] {
        let destinations = many("mail.destination", Destination.init)
        guard let entry = entry("mail.destination") else { return destinations }
        var known = Set<DomainName>()
        for destination in destinations {
            let domain = destination.domain
            let reasons = [
                known.insert(domain).inserted ? nil : "\(domain) is listed more than once",
                mail.destinations.contains(domain)
                    ? "\(domain) is in mail.destinations too, and the node delivers its mail itself" : nil,
                destination.tls != nil && isForSmarthost(domain, mail)
                    ? "the mail to \(domain) goes to mail.upstream.host, whose certificate is always verified; remove its tls"
                    : nil,
            ]
            for reason in reasons.compactMap(\.self) {
                problems.append(.unwanted(entry.key.name, in: entry.source, reason))
            }
        }
        return destinations
    }

    private func isForSmarthost(_ domain: DomainName, _ mail: NodeSettings.Mail) -> Bool {
        mail.upstream != nil && !mail.transports.contains { $0.domain == domain }
    }
}
