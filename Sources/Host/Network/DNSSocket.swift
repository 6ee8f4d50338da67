import Glibc
import Vocabulary

/// A socket that is connected to a name server: it takes messages from that server alone, and no call waits on it.
enum DNSSocket {
    static func connected(
        to server: IPAddress,
        _ port: UInt16,
        _ type: __socket_type
    ) throws(DNSFailure) -> Int32 {
        let family = server.family == .ipv4 ? AF_INET : AF_INET6
        let type = Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw .notSent(String(cString: strerror(errno))) }
        let result: Int32
        if server.family == .ipv4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: server.bytes) }
            result = connect(descriptor, &address)
        } else {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: server.bytes) }
            result = connect(descriptor, &address)
        }
        // A stream's connection comes about later.
        guard result == 0 || errno == EINPROGRESS else {
            let why = String(cString: strerror(errno))
            close(descriptor)
            throw .notSent(why)
        }
        return descriptor
    }

    private static func connect<Address>(_ descriptor: Int32, _ address: inout Address) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
