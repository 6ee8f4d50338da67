import FoundationEssentials
import RelayNode
import Settings
import Vocabulary

/// Says what the program reads out of main.cf and master.cf, and what it writes there: cases as JSON on standard input,
/// its answers on standard output. It is a test's, and in no release.
@main
struct PostfixModel {
    struct Case: Decodable {
        /// The files as found.
        let main: String
        let master: String
        /// Parameters to set, each a name and a value.
        let edits: [[String]]
        /// Settings of a node whose Postfix is to be made of these files, as `--set` takes them, and its facts.
        let settings: [String]
        let facts: InstanceFacts
    }

    struct Files: Encodable {
        let main: String
        let master: String
        /// The parameters that main.cf sets.
        let values: [String: String]
        let services: [Service]

        init(main: MainCf, master: MasterCf) {
            self.main = main.text
            self.master = master.text
            self.values = main.values
            self.services = master.entries.map(Service.init)
        }
    }

    struct Service: Encodable {
        let name: String
        let type: String
        let command: String
        let overrides: [[String]]

        init(_ entry: MasterCf.Entry) {
            self.name = entry.service
            self.type = entry.type
            self.command = entry.command
            self.overrides = entry.overrides.map { [$0.name, $0.value] }
        }
    }

    struct Answer: Encodable {
        let found: Files
        /// With the edits, and an entry of master.cf.
        let edited: Files
        /// The files as a pass would write them.
        let node: Files
        /// The parameters that the node wants.
        let parameters: [String: String]
        /// Whether each door of the node's can be proven to be closed to strangers; otherwise it is out of service.
        let isProvable: Bool
    }

    static func main() throws {
        var input = Data()
        while let line = readLine(strippingNewline: false) { input.append(contentsOf: Array(line.utf8)) }
        let answers = try JSONDecoder().decode([Case].self, from: input).map(answer)
        print(String(decoding: try JSONEncoder().encode(answers), as: UTF8.self))
    }

    private static func answer(_ question: Case) throws -> Answer {
        let found = (main: MainCf(question.main), master: MasterCf(question.master))
        var edited = found
        for edit in question.edits where edit.count == 2 { edited.main.set(edit[0], to: edit[1]) }
        edited.master.set("127.0.0.1:10025", "inet", to: ["127.0.0.1:10025 inet n - n - 2 smtpd", "  -o biff=no"])
        let reading = SettingsSources(file: nil, environment: [:], flags: question.settings).read(tags: [:])
        guard case .relay(let settings) = try reading.inForce() else {
            throw SettingsProblems(problems: reading.problems)
        }
        let postfix = try RelayNode(settings: settings.settings, facts: question.facts).postfix
        let node = Files(
            main: MainCf(postfix.mainCf(from: question.main)),
            master: MasterCf(postfix.masterCf(from: question.master))
        )
        let doors = Doors(MasterCf(node.master), at: postfix.address, isProxied: postfix.isProxied)
        return Answer(
            found: Files(main: found.main, master: found.master),
            edited: Files(main: edited.main, master: edited.master),
            node: node,
            parameters: Dictionary(postfix.parameters.map { ($0.name, $0.value) }) { _, last in last },
            isProvable: doors.unprovable.isEmpty
        )
    }
}
