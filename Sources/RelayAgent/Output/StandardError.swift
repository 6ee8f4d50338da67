import Glibc

/// Where log lines go. Everything else that the program prints is a command's answer, and goes to standard output.
package protocol LogSink: Sendable {
    func write(_ text: String)
}

/// The process' standard error. A line is one `write(2)`, so that lines of several processes do not mix.
package struct StandardError: LogSink {
    package init() {}

    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

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
