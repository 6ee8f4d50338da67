import FoundationEssentials
import Host
import RelayNode
import SystemPackage

/// A service's files at one time, and what became of them.
struct Generation: Sendable, Equatable {
    enum Verdict: String, Sendable, CaseIterable {
        /// The files are being written, or were when the pass was ended: it is not known yet whether they work.
        case wanted
        /// The service was seen at work with them.
        case running
        /// The whole node was.
        case proven
        /// The service did not work with them.
        case rejected
    }

    /// The failure of the files, and its time.
    struct Failure: Sendable, Equatable, Codable {
        /// The number of tries.
        var tries: Int
        /// The time of the last try, in seconds since 1970.
        var time: Int
        var reason: String
        /// The other files and versions that it depended on: another try is worth its while when they have changed.
        var circumstances: String
    }

    let number: Int
    var verdict: Verdict
    /// The action that the service still needs: to take up these files, or the former ones where they were rejected.
    var pending: ServiceAction = .none
    /// The wanted state of each of the service's paths.
    var files: [FilePath: FileState]
    /// The state before the change that brought these files.
    var before: [FilePath: FileState] = [:]
    /// The failure of a rejected generation, or of a wanted one that was tried before.
    var failure: Failure?

    /// The bytes of the files that are there.
    var bytes: [FilePath: [UInt8]] { files.filter { $0.value.hasText }.mapValues(\.bytes) }
}

extension Generation {
    /// The name of its file, which tells the verdict: giving another takes no space on the disk.
    var name: Name { Name(number: number, verdict: verdict, pending: pending) }

    /// The parts of a generation's name.
    struct Name: Equatable, CustomStringConvertible {
        let number: Int
        let verdict: Verdict
        let pending: ServiceAction

        init(number: Int, verdict: Verdict, pending: ServiceAction) {
            self.number = number
            self.verdict = verdict
            self.pending = pending
        }

        var description: String { "\(number)-\(verdict.rawValue)" + (pending == .none ? "" : "-\(pending.rawValue)") }

        init?(_ name: String) {
            let words = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            guard (2...3).contains(words.count), let number = Int(words[0]), let verdict = Verdict(rawValue: words[1]),
                let pending = words.count == 2 ? ServiceAction.none : ServiceAction(rawValue: words[2])
            else { return nil }
            self.number = number
            self.verdict = verdict
            self.pending = pending
        }
    }

    /// The first line of its file; the bytes of all files follow, one after another.
    private struct Header: Codable {
        struct File: Codable {
            let path: String
            let kind: FileState.Kind
            let mode: UInt32
            let owner: UInt32
            let group: UInt32
            let target: String?
            /// Bytes.
            let length: Int
        }

        let files: [File]
        let before: [File]
        let failure: Failure?
    }

    func encoded() throws -> [UInt8] {
        let ordered = [files, before].map { $0.sorted { $0.key.string < $1.key.string } }
        let entries = ordered.map { states in
            states.map { path, state in
                Header.File(
                    path: path.string,
                    kind: state.kind,
                    mode: state.attributes.permissions.rawValue,
                    owner: state.attributes.owner,
                    group: state.attributes.group,
                    target: state.target,
                    length: state.bytes.count
                )
            }
        }
        let header = Header(files: entries[0], before: entries[1], failure: failure)
        return [UInt8](try JSONEncoder().encode(header)) + [UInt8(ascii: "\n")]
            + ordered.joined().flatMap(\.value.bytes)
    }

    /// `nil` where the bytes are no generation's.
    init?(_ name: Name, _ encoded: [UInt8]) {
        guard let end = encoded.firstIndex(of: UInt8(ascii: "\n")),
            let header = try? JSONDecoder().decode(Header.self, from: Data(encoded[..<end]))
        else { return nil }
        var rest = encoded[(end + 1)...]
        func states(_ entries: [Header.File]) -> [FilePath: FileState]? {
            var states: [FilePath: FileState] = [:]
            for entry in entries {
                guard entry.length >= 0, entry.length <= rest.count else { return nil }
                states[FilePath(entry.path)] = FileState(
                    entry.kind,
                    attributes: FileAttributes(
                        permissions: FilePermissions(rawValue: entry.mode),
                        owner: entry.owner,
                        group: entry.group
                    ),
                    target: entry.target,
                    bytes: Array(rest.prefix(entry.length))
                )
                rest = rest.dropFirst(entry.length)
            }
            return states
        }
        guard let files = states(header.files), let before = states(header.before), rest.isEmpty else { return nil }
        self.init(
            number: name.number,
            verdict: name.verdict,
            pending: name.pending,
            files: files,
            before: before,
            failure: header.failure
        )
    }
}
