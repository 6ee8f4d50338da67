import Host
import RelayTestSupport
import Testing
import Vocabulary

@testable import Resources

struct PostfixVersionTests {
    @Test func theInstalledOneIsPostconfsWord() async {
        let runner = ScriptedRunner(["postconf -dh mail_version": CommandOutput(status: 0, standardOutput: "3.5.18\n")])
        #expect(await PostfixVersion.installed(runner)?.description == "3.5.18")
    }

    @Test func whereThereIsNoneYetThereIsNoVersion() async {
        let missing = ScriptedRunner()
        missing.expect("postconf -dh mail_version", failure: .notRun("no such file"))
        #expect(await PostfixVersion.installed(missing) == nil)
        let broken = ScriptedRunner(["postconf -dh mail_version": CommandOutput(status: 1)])
        #expect(await PostfixVersion.installed(broken) == nil)
    }

    @Test(arguments: [("2.9.9", "2.10.0"), ("2.11.3", "3.0.0"), ("3.4.29", "3.5"), ("3.9", "3.10.1")])
    func numbersAreComparedAsNumbers(older: String, newer: String) {
        #expect(PostfixVersion(older) < PostfixVersion(newer))
        #expect(!(PostfixVersion(newer) < PostfixVersion(older)))
        #expect(PostfixVersion("3.5.18") == PostfixVersion("3.5"))
    }
}
