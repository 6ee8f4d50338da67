package import Host
package import SystemPackage

/// The number of messages that the signer has seen since it began, by their results.
///
/// The signer's first process, which is root's, keeps them in a file, and passes put them into the metrics.
package struct SignerCounts: Sendable, Equatable, Codable {
    /// The result of a message, or of a connection.
    package enum Result: UInt8, Sendable, CaseIterable {
        case signed = 2
        case signedBefore
        case noKey
        case refused
        case headersTooLarge
        case keyFailed
        case protocolError
        /// A sender that the settings do not name (`mail.senders`): its mail was refused, or only reported.
        case senderRefused
        case senderReported

        /// The results of messages: each message has one of them.
        package static let ofMessages = allCases.filter { $0 != .senderRefused && $0 != .senderReported }

        /// Its name for people and for Prometheus.
        package var name: String {
            switch self {
            case .signed: "signed"
            case .signedBefore: "signed before"
            case .noKey: "no key"
            case .refused: "refused"
            case .headersTooLarge: "headers too large"
            case .keyFailed: "key failed"
            case .protocolError: "protocol error"
            case .senderRefused: "sender refused"
            case .senderReported: "sender reported"
            }
        }
    }

    private var numbers: [String: Int] = [:]

    package init() {}

    package subscript(_ result: Result) -> Int { numbers[result.name] ?? 0 }

    package mutating func count(_ result: Result) { numbers[result.name, default: 0] += 1 }

    /// The signer's own folder, which systemd makes for its unit and removes with it.
    package static let folder: FilePath = "/run/smtp-relay-agent-signer"

    package static func file(_ files: FileSystem) -> StateFile<SignerCounts> {
        StateFile(folder.appending("counts.json"), in: files)
    }
}
