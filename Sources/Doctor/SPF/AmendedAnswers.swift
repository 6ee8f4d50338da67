import Host

/// The answers as they will be once a domain has one SPF record more, in place of its former ones.
struct AmendedAnswers: DNSAnswering {
    let names: any DNSAnswering
    let publication: SPFPublication

    func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
        let records = try await names.records(name, kind)
        guard kind == .txt, name.lowercased() == "\(publication.domain)" else { return records }
        let others = records.filter { if case .text(let text) = $0 { !SPFRecord.isRecord(text) } else { true } }
        return others + [.text(publication.text)]
    }
}
