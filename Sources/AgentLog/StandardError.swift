import Glibc

/// The destination of log lines. Everything else that the program prints is a command's answer, and goes to standard
/// output.
package protocol LogSink: Sendable {
    func write(_ text: String)
}

/// The process' standard error. A line is one `write(2)`, so that lines of several processes do not mix.
package struct StandardError: LogSink {
    package init() {}

    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    package static var isJournal: Bool { isJournal(STDERR_FILENO) }

    /// Whether a descriptor leads to the journal, by the name of the socket at its other end: `JOURNAL_STREAM`
    /// (systemd.exec(5)) is not there before systemd 231.
    package static func isJournal(_ descriptor: CInt) -> Bool {
        var name = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isSocket = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
        }
        guard isSocket, name.sun_family == AF_UNIX else { return false }
        let path = withUnsafeBytes(of: name.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        // Each namespace of journald's has a folder of its own, 'journal.NAME'.
        return path.hasPrefix("/run/systemd/journal") && path.hasSuffix("/stdout")
    }

    package func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            // A log that can't be written must not stop the work.
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
