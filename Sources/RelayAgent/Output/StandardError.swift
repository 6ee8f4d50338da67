import Glibc

/// Where log lines go. Everything else that the program prints is a command's answer, and goes to standard output.
package protocol LogSink: Sendable {
    func write(_ text: String)
}

/// The process' standard error. A line is one `write(2)`, so that lines of several processes do not mix.
package struct StandardError: LogSink {
    package init() {}

    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether it leads to the journal: a program that was started by a service may have been redirected since.
    ///
    /// - Parameter stream: `JOURNAL_STREAM` of the environment, device and inode (systemd.exec(5)).
    package static func isJournal(_ stream: String?) -> Bool {
        var status = stat()
        guard let stream, fstat(STDERR_FILENO, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
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
