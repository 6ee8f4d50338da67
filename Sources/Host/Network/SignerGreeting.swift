import Dispatch
import Glibc

/// Asks a milter whether it is there.
package protocol SignerProbing: Sendable {
    /// Whether a milter on this port of loopback negotiates, as Postfix has it do at the start of each session.
    func answers(port: UInt16) async -> Bool
}

/// The first words of the milter protocol, spoken as Postfix does (`SMFIC_OPTNEG` of `libmilter/mfdef.h`).
package struct SignerGreeting: SignerProbing {
    package init() {}

    package func answers(port: UInt16) async -> Bool {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: Self.negotiates(port: port, within: 5)) }
        }
    }

    /// The same for who can wait for the answer, where it is doubted.
    ///
    /// - Parameter seconds: The time that each step of it may take.
    package static func negotiates(port: UInt16, within seconds: Int) -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard connected == 0 else { return false }
        // Version 6; headers may be added; all events are sent.
        let offer: [UInt8] = [0, 0, 0, 13, UInt8(ascii: "O"), 0, 0, 0, 6, 0, 0, 0, 1, 0, 0x1F, 0xFF, 0xFF]
        guard send(descriptor, offer, offer.count, CInt(MSG_NOSIGNAL)) == offer.count else { return false }
        var answer = [UInt8](repeating: 0, count: 5)
        let count = recv(descriptor, &answer, answer.count, CInt(MSG_WAITALL))
        let quit: [UInt8] = [0, 0, 0, 1, UInt8(ascii: "Q")]
        _ = send(descriptor, quit, quit.count, CInt(MSG_NOSIGNAL))
        return count == answer.count && answer[4] == UInt8(ascii: "O")
    }
}

/// No milter anywhere.
package struct NoSigner: SignerProbing {
    package init() {}

    package func answers(port: UInt16) -> Bool { false }
}
