import Host
import SystemPackage

/// The parameters of main.cf that say how Postfix logs.
struct LoggingParameters: Sendable {
    var name: PostfixName = "postfix"
    /// The file in which Postfix writes its log itself, past syslog; since 3.4 it may (postconf(5), maillog_file).
    var file: FilePath?

    /// The parameters that are set. An older Postfix says nothing of one that it lacks.
    ///
    /// - Throws: `CommandFailure` where main.cf can't be read.
    static func set(_ runner: any CommandRunner) async throws(CommandFailure) -> LoggingParameters {
        let names = ["syslog_name", "maillog_file"]
        // postconf(1) before 2.10 knows no -x, and shows a value as it is written.
        var output = try await runner.run(Command("postconf", ["-x"] + names))
        if output.status != 0 { output = try await runner.runChecked(Command("postconf", names)) }
        var values: [Substring: String] = [:]
        for line in output.standardOutput.split(whereSeparator: \.isNewline) {
            guard let sign = line.firstRange(of: " = ") else { continue }
            values[line[..<sign.lowerBound]] = String(line[sign.upperBound...])
        }
        var parameters = LoggingParameters()
        if let name = values["syslog_name"] { parameters.name = PostfixName(name) }
        if let file = values["maillog_file"], file.hasPrefix("/") { parameters.file = FilePath(file) }
        return parameters
    }

    /// The same; Postfix's own values where main.cf can't be read.
    static func known(_ runner: any CommandRunner) async -> LoggingParameters {
        (try? await set(runner)) ?? LoggingParameters()
    }
}
