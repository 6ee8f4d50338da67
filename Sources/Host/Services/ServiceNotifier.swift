import Glibc

/// Tells the service manager how the service is doing (sd_notify(3)).
///
/// Without a manager that wants to know, nothing is sent.
package struct ServiceNotifier: Sendable {
    private let address: [UInt8]?
    /// The longest time between two signs of life; `nil` where the service manager wants none.
    package let watchdogInterval: Duration?

    /// - Parameter environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` count.
    package init(environment: [String: String]) {
        let socket = environment["NOTIFY_SOCKET"] ?? ""
        // A name that begins with @ is an abstract one, and begins with a zero in truth.
        let isUsable = socket.hasPrefix("/") || socket.hasPrefix("@")
        self.address = isUsable ? Array((socket.hasPrefix("@") ? "\0" + socket.dropFirst() : socket).utf8) : nil
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        self.watchdogInterval = isForUs && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// The service does its work from now on.
    package func ready(status: String) { send("READY=1\nSTATUS=\(Self.oneLine(status))") }

    /// The service's present work, for `systemctl status`.
    package func status(_ text: String) { send("STATUS=\(Self.oneLine(text))") }

    package func alive() { send("WATCHDOG=1") }

    package func stopping(status: String) { send("STOPPING=1\nSTATUS=\(Self.oneLine(status))") }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    /// A manager that does not listen does not keep the service from its work.
    private func send(_ message: String) {
        guard let address else { return }
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        guard address.count < MemoryLayout.size(ofValue: name.sun_path) else { return }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
        // The path is the structure's last part.
        let head = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: name.sun_path)
        let length = socklen_t(head + address.count)
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                var bytes = Array(message.utf8)
                _ = sendto(descriptor, &bytes, bytes.count, CInt(MSG_NOSIGNAL), target, length)
            }
        }
    }
}
