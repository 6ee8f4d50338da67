import ArgumentParser
import FoundationEssentials
import Host
import RelayAgent
import Vocabulary

struct FactsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "facts",
        abstract: "Print the facts about this instance as JSON.",
        discussion: """
            'smtp-relay-agent plan --facts FILE' reads the output. It contains no secret.

            Exit status: 0 all facts were read; 1 an error.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options) { session in
            print(try FactsDocument.text(of: await session.gatherer.facts()))
        }
    }
}

/// Facts as a file.
enum FactsDocument {
    static func text(of facts: InstanceFacts) throws -> String {
        try facts.indentedJSON()
    }

    /// - Throws: `FactsFailure` naming the file and the key.
    static func read(_ path: String, files: FileSystem) throws -> InstanceFacts {
        let bytes = try files.bytes(at: absolute(path))
        do {
            return try JSONDecoder().decode(InstanceFacts.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw FactsFailure(path: path, error)
        }
    }
}

/// A file of facts that can't be read.
struct FactsFailure: Error, CustomStringConvertible {
    let path: String
    let reason: String

    init(path: String, _ error: DecodingError) {
        self.path = path
        self.reason =
            switch error {
            case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
            case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
                context.codingPath.map(\.stringValue).joined(separator: ".") + ": " + context.debugDescription
            @unknown default: "\(error)"
            }
    }

    var description: String {
        "\(path): not the output of 'smtp-relay-agent facts': \(reason.escapedForDisplay)"
    }
}
