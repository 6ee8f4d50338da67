import Vocabulary

/// The provider of a receiver's mailboxes, as far as metrics tell them apart.
package enum Provider: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    case amazonSES = "amazon_ses"
    case apple, docomo, gmx, google, kddi
    case mailRu = "mail_ru"
    case microsoft, netease, proton, softbank, tencent, yahoo, yandex
    /// A program of this host took it.
    case local
    /// Another host of the networks took it, such as another relay.
    case relay
    case other

    /// The provider that a delivery went to: by the server's name, and by the recipient's domain where no known server was asked.
    ///
    /// - Parameter networks: Those of the VPC.
    init(_ delivery: MailEvent.Delivery, networks: [IPNetwork]) {
        if let server = delivery.server, networks.contains(where: { $0.contains(server) }) {
            self = .relay
            return
        }
        if delivery.server == nil, delivery.relay != nil, delivery.status == .sent {
            self = .local
            return
        }
        let server = delivery.relay.flatMap { Self.named(by: $0.prefix { $0 != "[" }, Self.servers) }
        let domain = delivery.recipient[...].split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        self = server ?? Self.named(by: domain, Self.domains) ?? Self.ofManyCountries(domain) ?? .other
    }

    /// Looks a name up, and the names above it.
    private static func named(by name: Substring, _ table: [String: Provider]) -> Provider? {
        var rest = name.lowercased()[...]
        while !rest.isEmpty {
            if let provider = table[String(rest)] { return provider }
            guard let dot = rest.firstIndex(of: ".") else { return nil }
            rest = rest[rest.index(after: dot)...]
        }
        return nil
    }

    /// Some providers have a domain in each country: `hotmail.co.uk`.
    private static func ofManyCountries(_ domain: Substring) -> Provider? {
        let labels = domain.lowercased().split(separator: ".")
        guard (2...3).contains(labels.count), labels.dropFirst().allSatisfy({ $0.count <= 3 }) else { return nil }
        return brands[String(labels[0])]
    }

    private static let servers: [String: Provider] = [
        "amazonaws.com": .amazonSES, "amazonses.com": .amazonSES, "au.com": .kddi, "docomo.ne.jp": .docomo,
        "ezweb.ne.jp": .kddi, "gmx.net": .gmx, "google.com": .google, "googlemail.com": .google,
        "hotmail.com": .microsoft,
        "icloud.com": .apple, "mail.ru": .mailRu, "mx.microsoft": .microsoft, "netease.com": .netease,
        "outlook.com": .microsoft, "protonmail.ch": .proton, "qq.com": .tencent, "softbank.jp": .softbank,
        "softbank.ne.jp": .softbank, "web.de": .gmx, "yahoodns.net": .yahoo, "yandex.net": .yandex,
        "yandex.ru": .yandex,
    ]

    private static let domains: [String: Provider] = [
        "126.com": .netease, "163.com": .netease, "aol.com": .yahoo, "au.com": .kddi, "bk.ru": .mailRu,
        "docomo.ne.jp": .docomo, "ezweb.ne.jp": .kddi, "foxmail.com": .tencent, "gmail.com": .google,
        "googlemail.com": .google, "i.softbank.jp": .softbank, "icloud.com": .apple, "inbox.ru": .mailRu,
        "list.ru": .mailRu, "mac.com": .apple, "mail.com": .gmx, "mail.ru": .mailRu, "me.com": .apple,
        "msn.com": .microsoft,
        "pm.me": .proton, "proton.me": .proton, "protonmail.com": .proton, "qq.com": .tencent, "rocketmail.com": .yahoo,
        "softbank.ne.jp": .softbank, "vip.163.com": .netease, "vodafone.ne.jp": .softbank, "web.de": .gmx,
        "ya.ru": .yandex,
        "yeah.net": .netease, "ymail.com": .yahoo, "ymobile.ne.jp": .softbank,
    ]

    private static let brands: [String: Provider] = [
        "gmx": .gmx, "hotmail": .microsoft, "live": .microsoft, "outlook": .microsoft, "yahoo": .yahoo,
        "yandex": .yandex,
    ]
}
