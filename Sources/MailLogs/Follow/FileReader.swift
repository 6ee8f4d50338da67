import Host
import SystemPackage

/// Reads a file of the log on from a position, also where it was rotated since.
struct FileReader: Sendable {
    let path: FilePath
    let runner: any CommandRunner
    let files: FileSystem
    /// Bytes of one reading.
    var limit = 500_000

    /// More bytes than a time and a program's name have: two files of one log do not begin alike.
    private static let head = 160

    /// Changes with everything that is written to the log.
    var mark: [FileIdentity] { files.identity(of: path).map { [$0] } ?? [] }

    /// - Parameters:
    ///   - position: `nil` to begin at the first line of the present file.
    ///   - now: Seconds since 1970, for times that do not name their year.
    /// - Throws: `FileFailure`, or `CommandFailure`.
    func entries(after position: FilePosition?, now: Int, of name: PostfixName) async throws -> LogReading {
        let all = MailLogSource.rotations(of: path, in: files)
        var index = all.count - 1
        var offset = 0
        if let position, let found = try await self.index(of: position, in: all) {
            (index, offset) = (found, position.offset)
        }
        while true {
            let bytes = try await bytes(of: all[index], from: offset)
            // So many bytes without an end of line are no text, and are passed over.
            let whole =
                bytes.lastIndex(of: Self.newline).map { bytes[...$0] } ?? (bytes.count < limit ? [] : bytes[...])
            if !whole.isEmpty || index == all.count - 1 {
                return try await reading(
                    whole,
                    of: all[index],
                    from: offset,
                    now,
                    name,
                    isCut: bytes.count >= limit || index < all.count - 1
                )
            }
            // A program writes to a file that was renamed until it is told of the next one, and has written there.
            guard (files.identity(of: all[index + 1])?.size ?? 0) > 0 else { return LogReading() }
            (index, offset) = (index + 1, 0)
        }
    }

    private static let newline = UInt8(ascii: "\n")

    private func reading(
        _ bytes: ArraySlice<UInt8>,
        of file: FilePath,
        from offset: Int,
        _ now: Int,
        _ name: PostfixName,
        isCut: Bool
    ) async throws -> LogReading {
        guard !bytes.isEmpty else { return LogReading() }
        let text = String(decoding: bytes, as: UTF8.self)
        let entries = text.utf8.split(separator: Self.newline).compactMap {
            MailLogEntry(Substring($0), of: name, now: now)
        }
        let end = offset + bytes.count
        let count = min(end, Self.head)
        let head = offset == 0 ? Array(bytes.prefix(count)) : try await self.bytes(of: file, from: 0, limit: count)
        let position = FilePosition(
            path: path.string,
            inode: files.identity(of: file)?.inode ?? 0,
            head: count,
            hash: Self.hash(head),
            offset: end
        )
        return LogReading(entries: entries, position: .file(position), isCut: isCut)
    }

    /// The place of the file that a position is in; `nil` where it is gone. A file that was cut, or was begun anew, has another
    /// beginning.
    private func index(of position: FilePosition, in all: [FilePath]) async throws -> Int? {
        let sameFile = all.indices.filter { files.identity(of: all[$0])?.inode == position.inode }
        let order = sameFile + all.indices.reversed().filter { !sameFile.contains($0) }
        for index in order {
            let head = try await bytes(of: all[index], from: 0, limit: position.head)
            guard head.count == position.head, Self.hash(head) == position.hash else { continue }
            return index
        }
        return nil
    }

    private func bytes(of file: FilePath, from offset: Int, limit: Int? = nil) async throws -> [UInt8] {
        let limit = limit ?? self.limit
        guard files.exists(file) else { return [] }
        guard let unpacking = MailLogSource.unpacking(file) else {
            return Array(try files.bytes(at: file, from: offset, limit: limit).prefix(limit))
        }
        // A command's output is a string, in which a byte that is no text would take three places.
        let script = "\(unpacking) \"$1\" | tail -c +\(offset + 1) | head -c \(limit) | tr '\\200-\\377' '?'"
        let output = try await runner.runChecked(
            Command("sh", ["-c", script, "sh", files.location(of: file).string], timeout: .seconds(120))
        )
        return Array(output.standardOutput.utf8)
    }

    /// FNV-1a, which is the same in each process, of the bytes as they are read from a compressed file.
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1 < 0x80 ? $1 : UInt8(ascii: "?"))) &* 0x100_0000_01b3 }
    }
}
