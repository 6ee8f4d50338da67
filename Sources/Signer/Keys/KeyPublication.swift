extension SigningKey {
    /// The public key's record in each form that a service for DNS takes, for people to copy.
    package var publication: String {
        """
        Publish this TXT record. Receivers then verify mail from \(domain) and its subdomains.

        Name:
        \(record.name)

        Value:
        \(record.value)

        Value for Route 53 (quoted strings of at most 255 bytes):
        \(record.quotedValue)

        Zone file:
        \(record.zoneText)
        """
    }
}
