import Host
import Vocabulary

/// Looks at a domain as its receivers do.
struct DomainDoctor: Sendable {
    let question: DomainQuestion
    let way: MailWay
    let names: any DNSAnswering
    var lists = BlockList.common

    /// Makes all examinations at the same time; that of DMARC needs the results of SPF and DKIM.
    func report() async -> DomainReport {
        let names = RememberedAnswers(names)
        async let spf = spf(question.domain, isGreeting: false, names)
        async let greetingSPF = spfOfGreeting(names)
        async let dkim = dkim(names)
        async let rest = rest(names)
        let dmarc = await DMARCExamination(
            domain: question.domain,
            spf: spf.passes,
            dkim: dkim.passes,
            names: names
        ).outcome()
        let parts = await [leaving, spf.part, greetingSPF, dkim.part, dmarc] + rest
        return DomainReport(question.domain, parts)
    }

    /// The addresses that receivers see.
    private var leaving: DomainPart {
        if let host = way.smarthost {
            let seen = "\(host), the smarthost, delivers; its own addresses and names are not looked at here"
            return .unknown("leaves by", seen)
        }
        guard !way.addresses.isEmpty else {
            return .unknown("leaves by", "no address that could be found", way.failures)
        }
        let kind = way.isOwn ? "" : ", of the NAT gateway"
        return DomainPart("leaves by", "\(way.addresses.map(\.description).list)\(kind)", way.failures)
    }

    private func spf(
        _ domain: DomainName,
        isGreeting: Bool,
        _ names: RememberedAnswers
    ) async -> SPFDomainExamination.Reading {
        var examination = SPFExamination(
            domain: domain,
            addresses: way.addresses,
            greeting: way.greeting,
            names: names
        )
        examination.isGreeting = isGreeting
        return await SPFDomainExamination(examination: examination, smarthost: way.smarthost).reading()
    }

    private func spfOfGreeting(_ names: RememberedAnswers) async -> DomainPart {
        guard way.smarthost == nil, let greeting = try? DomainName(way.greeting), greeting != question.domain else {
            return DomainPart()
        }
        return await spf(greeting, isGreeting: true, names).part
    }

    private func dkim(_ names: RememberedAnswers) async -> DKIMExamination.Reading {
        await DKIMExamination(domain: question.domain, selectors: question.selectors, names: names).reading()
    }

    /// The examinations that stand for themselves.
    private func rest(_ names: RememberedAnswers) async -> [DomainPart] {
        var examinations: [any DomainExamination] = []
        if way.smarthost == nil {
            examinations += [
                AddressNamesExamination(
                    addresses: way.addresses,
                    isOwn: way.isOwn,
                    greeting: way.greeting,
                    names: names
                ),
                OutboundTLSExamination(level: way.tlsLevel),
                BlockListExamination(
                    addresses: way.addresses,
                    lists: question.asksBlockLists ? lists : [],
                    names: names
                ),
            ]
        }
        examinations.append(BounceWayExamination(domain: question.domain, names: names))
        return await examinations.mapAtOnce { await $0.outcome() }
    }
}
