import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

/// The table by which a leaving node answers 421, and who reads it.
struct LeavingTableTests {
    private func postfix(on system: String, leaving: LeavingRoutes? = nil) throws -> PostfixConfiguration {
        var facts = try exampleFacts()
        facts.operatingSystem = OperatingSystem(
            id: system == "7" ? "centos" : "amzn",
            idLike: [],
            versionID: system,
            prettyName: "a system"
        )
        return try RelayNode(settings: exampleSettings(), facts: facts, leaving: leaving).postfix
    }

    private func table(_ postfix: PostfixConfiguration) -> String? {
        postfix.allTables.first { $0.name == .leaving }?.text
    }

    @Test func onlyALeavingNodeRefusesItsSenders() throws {
        let empty = try #require(try table(postfix(on: "2023")))
        #expect(!empty.contains("421"))
        #expect(try table(postfix(on: "2023", leaving: LeavingRoutes(closed: ["smtp.inet"]))) == empty)
        let refusing = try #require(try table(postfix(on: "2023", leaving: LeavingRoutes(refusesMail: true))))
        #expect(refusing.contains("\n0.0.0.0/0 421 4.3.2 ") && refusing.contains("\n::/0 421 4.3.2 "))
    }

    @Test(arguments: [
        ("2023", "", nil),
        ("7", "", "$local_recipient_maps "),
        ("2023", "proxy_read_maps = proxy:mysql:/a\n", "proxy:mysql:/a $smtpd_recipient_restrictions"),
        ("7", "proxy_read_maps = proxy:mysql:/a\n", "proxy:mysql:/a $smtpd_recipient_restrictions"),
        (
            "2023", "proxy_read_maps = $smtpd_recipient_restrictions, $alias_maps\n",
            "$smtpd_recipient_restrictions, $alias_maps"
        ),
    ])
    func proxymapMayOpenIt(system: String, main: String, beginning: String?) throws {
        let postfix = try postfix(on: system)
        let once = postfix.mainCf(from: main)
        let value = MainCf(once)["proxy_read_maps"]
        if let beginning {
            #expect(value?.hasPrefix(beginning) == true)
            #expect(value?.contains("$smtpd_recipient_restrictions") == true)
        } else {
            #expect(value == nil)
        }
        #expect(postfix.mainCf(from: once) == once)
    }
}
