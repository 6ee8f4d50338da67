package import Host
package import Vocabulary

extension PostfixVersion {
    /// That of the Postfix that is installed, whatever main.cf says; `nil` where there is none yet.
    package static func installed(_ runner: any CommandRunner) async -> PostfixVersion? {
        guard let output = try? await runner.run(Command("postconf", ["-dh", "mail_version"])), output.status == 0,
            let word = output.standardOutput.split(whereSeparator: \.isWhitespace).first
        else { return nil }
        return PostfixVersion(String(word))
    }
}
