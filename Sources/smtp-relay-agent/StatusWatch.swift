import ArgumentParser
import Host
import Reports
import Vocabulary

/// Shows the status again and again, until somebody interrupts it.
///
/// It changes no mode of the terminal, so that the terminal is in order however this ends.
struct StatusWatch {
    let json: Bool
    private static let pause = Duration.seconds(2)

    func run() async throws {
        if !json, let size = Terminal.size {
            // The lines on the screen move up and are not overwritten.
            try show(String(repeating: "\n", count: size.rows))
        }
        while true {
            try show(next())
            try await Task.sleep(for: Self.pause)
        }
    }

    private func next() -> String {
        let report = StatusReport(files: FileSystem())
        if json { return report?.json ?? "{}\n" }
        let size = Terminal.size
        let width = size?.columns ?? StatusLayout.usualWidth
        let lines =
            report?.lines(width: width, colours: Terminal.hasColours) ?? StatusReport.linesWithoutPass(width: width)
        guard let size else {
            return "---- \(Timestamp.now)\n" + lines.map { $0 + "\n" }.joined() + "\n"
        }
        return StatusScreen(columns: size.columns, rows: size.rows).frame(lines, at: .now)
    }

    /// Writes at once: a reader that has ended ends this, too.
    private func show(_ text: String) throws {
        guard Terminal.write(text) else { throw ExitCode.success }
    }
}
