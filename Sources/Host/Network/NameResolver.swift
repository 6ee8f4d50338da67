import Glibc
import SystemPackage
package import Vocabulary

/// Asks name servers for things that the C library's own calls do not tell, such as text records, and which server is
/// dead.
package protocol NameResolving: Sendable {
    /// The records that a server has for a name; none where there is no such name, or none of the kind.
    func ask(_ server: IPAddress, _ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord]
}

/// A question that got no answer.
package enum DNSFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case badName
    case noServer
    case timedOut
    case notSent(String)
    case refused(code: Int)
    case truncated
    case unreadable

    package var description: String {
        switch self {
        case .badName: "the name is not valid in DNS"
        case .noServer: "no name server is known; see /etc/resolv.conf"
        case .timedOut: "no answer within 4 s"
        case .notSent(let why): "it can't be reached (\(why))"
        case .refused(let code): "it answers with error \(code)"
        case .truncated: "its answer is longer than a datagram, and it does not answer over TCP"
        case .unreadable: "its answer is not DNS"
        }
    }
}

/// Asks over UDP, and over TCP where the answer is too long for a datagram (RFC 7766, section 5).
package struct NameResolver: NameResolving {
    /// The first three servers of `/etc/resolv.conf` (resolv.conf(5)).
    package let servers: [IPAddress]
    private let port: UInt16

    package init(files: FileSystem, port: UInt16 = 53) {
        self.port = port
        let text = (try? files.bytes(at: "/etc/resolv.conf")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let words = text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
        let named = words.compactMap { $0.count > 1 && $0[0] == "nameserver" ? try? IPAddress($0[1]) : nil }
        self.servers = Array(named.prefix(3))
    }

    package func ask(
        _ server: IPAddress,
        _ name: String,
        _ kind: DNSRecord.Kind
    ) async throws(DNSFailure) -> [DNSRecord] {
        let query = try DNSMessage.query(name, kind, id: .random(in: .min ... .max))
        do throws(DNSFailure) {
            return try await askByDatagram(server, query, kind)
        } catch {
            guard error == .truncated else { throw error }
            return try await askByStream(server, query, kind)
        }
    }

    private func askByDatagram(
        _ server: IPAddress,
        _ query: [UInt8],
        _ kind: DNSRecord.Kind
    ) async throws(DNSFailure) -> [DNSRecord] {
        let socket = try DNSSocket.connected(to: server, port, SOCK_DGRAM)
        defer { close(socket) }
        // Datagrams get lost: each is given half of the time.
        for _ in 0..<2 {
            guard send(socket, query, query.count, Int32(MSG_NOSIGNAL)) == query.count else {
                throw .notSent(String(cString: strerror(errno)))
            }
            if let records = try await Self.answer(on: socket, to: query, kind) { return records }
        }
        throw .timedOut
    }

    /// Waits without holding a thread.
    private static func answer(
        on socket: Int32,
        to query: [UInt8],
        _ kind: DNSRecord.Kind
    ) async throws(DNSFailure) -> [DNSRecord]? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let end = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < end {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count >= 0 {
                // An answer to another question is ignored.
                if let records = try DNSMessage.records(Array(buffer[..<count]), answering: query, kind) {
                    return records
                }
                continue
            }
            guard errno == EAGAIN || errno == EINTR else { throw .notSent(String(cString: strerror(errno))) }
            do {
                try await Task.sleep(for: .milliseconds(5))
            } catch {
                throw .timedOut
            }
        }
        return nil
    }

    /// Over TCP, a message has its length in front of it (RFC 1035, section 4.2.2).
    private func askByStream(
        _ server: IPAddress,
        _ query: [UInt8],
        _ kind: DNSRecord.Kind
    ) async throws(DNSFailure) -> [DNSRecord] {
        let socket = try DNSSocket.connected(to: server, port, SOCK_STREAM)
        defer { close(socket) }
        let end = ContinuousClock.now + .seconds(4)
        let message = [UInt8(query.count >> 8), UInt8(query.count & 0xFF)] + query
        var sent = 0
        while sent < message.count {
            // The kernel takes nothing before the connection is there.
            let count = message[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count >= 0 { sent += count } else { try await Self.wait(errno, until: end) }
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if received.count >= 2 {
                let length = Int(received[0]) << 8 | Int(received[1])
                if received.count >= 2 + length {
                    let answer = try DNSMessage.records(Array(received[2..<(2 + length)]), answering: query, kind)
                    guard let answer else { throw .unreadable }
                    return answer
                }
            }
            let count = recv(socket, &buffer, buffer.count, 0)
            if count == 0 { throw .truncated }
            if count > 0 { received += buffer[..<count] } else { try await Self.wait(errno, until: end) }
        }
    }

    /// After a call that did not succeed at once: waits a moment, without holding a thread.
    private static func wait(_ code: Int32, until end: ContinuousClock.Instant) async throws(DNSFailure) {
        guard code == EAGAIN || code == EINTR else { throw .notSent(String(cString: strerror(code))) }
        guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(5))) != nil else {
            throw .timedOut
        }
    }
}

/// Asks the first of the host's name servers that answers.
package struct HostNames: Sendable {
    private let servers: [IPAddress]
    private let resolver: any NameResolving

    package init(servers: [IPAddress], resolver: any NameResolving) {
        self.servers = servers
        self.resolver = resolver
    }

    package func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
        var failure = DNSFailure.noServer
        for server in servers {
            do throws(DNSFailure) {
                return try await resolver.ask(server, name, kind)
            } catch {
                failure = error
            }
        }
        throw failure
    }
}

extension IPAddress {
    /// `10.1.0.10.in-addr.arpa` (RFC 1035, section 3.5), or below `ip6.arpa` (RFC 3596).
    package var reverseName: String {
        if family == .ipv4 { return bytes.reversed().map { "\($0)" }.joined(separator: ".") + ".in-addr.arpa" }
        let digits = bytes.reversed().flatMap { [$0 & 0xF, $0 >> 4] }
        return digits.map { String($0, radix: 16) }.joined(separator: ".") + ".ip6.arpa"
    }
}
