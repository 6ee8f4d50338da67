import Host
import Resources
import Signer

/// The keys whose signatures DNS verified when it answered last.
///
/// The list lasts over a boot: a node goes by it while its name servers do not answer.
struct PublishedKeys: Sendable, Equatable, Codable {
    struct Entry: Sendable, Equatable, Codable {
        /// The record that the key needs.
        let record: PublicKeyRecord
        /// When DNS was asked, in seconds since 1970.
        let verifiedAt: Int
    }

    private(set) var entries: [Entry] = []

    static func file(_ files: FileSystem) -> StateFile<PublishedKeys> {
        StateFile(SigningKeyRing.publishedKeys, in: files, isSecret: true)
    }

    func verification(of record: PublicKeyRecord) -> Int? { entries.first { $0.record == record }?.verifiedAt }

    mutating func add(_ record: PublicKeyRecord, at time: Int) {
        remove(record)
        entries.append(Entry(record: record, verifiedAt: time))
    }

    mutating func remove(_ record: PublicKeyRecord) { entries.removeAll { $0.record == record } }
}
