import FoundationEssentials
import Testing

/// A message that is unusual in one way.
struct OddMessage: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    var testDescription: String { name }
}

/// Odd messages, the same ones at every run. They are in a file, so that other implementations of DKIM can judge the
/// signatures of the same messages. Each character of the file stands for one byte (ISO 8859-1).
enum OddMessages {
    static let all = read().sorted { $0.name < $1.name }

    private static func read() -> [OddMessage] {
        let path = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        guard let data = try? Data(contentsOf: URL(filePath: "/\(path)/odd-messages.json")),
            let texts = try? JSONDecoder().decode([String: String].self, from: data)
        else { return [] }
        return texts.map { name, text in
            OddMessage(name: name, bytes: text.unicodeScalars.compactMap { UInt8(exactly: $0.value) })
        }
    }
}
