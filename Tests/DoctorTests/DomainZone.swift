import Host
import Vocabulary

@testable import Doctor

/// The records that a domain's receivers see. A test publishes what the doctor says.
struct DomainZone: DNSAnswering {
    private struct Place: Hashable {
        let name: String
        let kind: DNSRecord.Kind
    }

    private var answers: [Place: [DNSRecord]] = [:]
    /// Names that no server answers for.
    var silent: Set<String> = []

    func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
        if silent.contains(name) { throw .timedOut }
        return answers[Place(name: name, kind: kind)] ?? []
    }

    mutating func set(_ name: String, texts: [String]) {
        answers[Place(name: name, kind: .txt)] = texts.map(DNSRecord.text)
    }

    mutating func set(_ name: String, addresses: [String]) throws {
        let addresses = try addresses.map { try IPAddress($0) }
        answers[Place(name: name, kind: .a)] = addresses.filter { $0.family == .ipv4 }.map(DNSRecord.address)
        answers[Place(name: name, kind: .aaaa)] = addresses.filter { $0.family == .ipv6 }.map(DNSRecord.address)
    }

    mutating func set(_ address: String, names: [String]) throws {
        answers[Place(name: try IPAddress(address).reverseName, kind: .ptr)] = names.map(DNSRecord.pointer)
    }

    mutating func set(_ name: String, exchangers: [String]) {
        answers[Place(name: name, kind: .mx)] = exchangers.enumerated().map {
            .exchanger(preference: UInt16($0.offset + 1) * 10, $0.element)
        }
    }

    /// Publishes a record as the doctor says it: beside those of its kind, or in their place.
    mutating func publish(_ record: RecordToPublish) throws {
        let place = Place(name: record.name, kind: record.kind)
        let new: DNSRecord =
            switch record.kind {
            case .txt: .text(record.value)
            case .ptr: .pointer(record.value)
            case .mx: .exchanger(preference: 10, record.value)
            case .a, .aaaa: .address(try IPAddress(record.value))
            }
        let isSPF = SPFRecord.isRecord(record.value)
        let kept = (answers[place] ?? []).filter { old in
            guard record.replaced != nil else { return true }
            if case .text(let text) = old { return isSPF && !SPFRecord.isRecord(text) }
            return false
        }
        answers[place] = kept + [new]
    }
}

/// Public keys that OpenSSL made for these tests. None is used elsewhere.
enum DKIMSamples {
    static let rsa512 = """
        v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALls2dsyhDCYKU+Wbuob98o3kEFFjLt3ynWLXpDoVVvi8zXgKOcalGjRFdDZReX7\
        8E6oUB3Og2Yg3XSsXxJHZEMCAwEAAQ==
        """
    static let rsa1024 = """
        v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDEXZahij9B9DO0aubJgvZqSHxVEELiiyN6IUCP/DDeCM1StwAY1wIbFGXr\
        Iw12qNxr3P7dHqzEBqjDrkPLDgCPrnK9KqI3zqXgTercpUJZXrTrfuIBhhfxyD1ur4WlXCjfl+Vb5QoenIZaW752B1N9teV86Cw4vgdd5uJI6WCPewID\
        AQAB
        """
    static let rsa2048 = """
        v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmlJ940hwmhFU5LGK7aeBedvoOTOVMNlxyS5KqMtJV0VAXkO9IfVU\
        evTpF66jLtStoPackMaAfErLqKIv9WZYnkYdt1H6lPgJ+s3J1jUEBgLBWDQcfa6Woiet93hE7XBSFOawSOnRiPQBgcvqUdhwDrQPDZHuWFR92qlJxo9B\
        /vgYUUdRz0OUbapXVAAvR2o7VeVSIqMJOC6/HnGingREtS2IghZs+crYkGMycLSlLh6vT1SLYnEr6sriySDOidNlUGOXqgAX2Go/YR4noS33yf/uPxVh\
        /bHkfXn21qASakhQzxcP/GE9kEMPoiXg6P8jGMTHrMBn/NNIYqQVaMXULQIDAQAB
        """
    static let ed25519 = "v=DKIM1; k=ed25519; p=cNqTutjypeJRfPbzaAiKh0//ozFnmNt4JK7PtBCa92w="
}
