@preconcurrency import Dispatch
import Glibc
import Synchronization
package import SystemPackage

/// Tells when one of some files changes, by inotify(7).
///
/// It watches folders, not files: a rename puts another inode in the file's place, and a watch of the file would go on
/// looking at the old one (SSSD#1031, osquery#3290). A change that is told may be none; one that is not told is caught
/// by the next regular pass.
package final class FileWatch: Sendable {
    /// The files that may have changed. Several changes in a row may come as one.
    package let changes: AsyncStream<FilePath>

    private let descriptor: CInt
    private let source: any DispatchSourceRead
    private let files: FileSystem
    private let watches = Mutex(Watches())

    private struct Watches {
        /// Folders by the kernel's number for their watch.
        var folders: [CInt: FilePath] = [:]
        /// The watched files by each place where a change changes them: their own, those of the links on the way to it, and
        /// the one that these lead to.
        var files: [FilePath: Set<FilePath>] = [:]
    }

    /// - Throws: `FileFailure` where the system has no more watches to give.
    package init(files: FileSystem = FileSystem()) throws(FileFailure) {
        let descriptor = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
        guard descriptor >= 0 else { throw FileFailure(.watch, "/") }
        let (changes, continuation) = AsyncStream.makeStream(of: FilePath.self, bufferingPolicy: .bufferingNewest(64))
        self.descriptor = descriptor
        self.files = files
        self.changes = changes
        self.source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler { [weak self] in
            for path in self?.readEvents() ?? [] { continuation.yield(path) }
        }
        source.setCancelHandler {
            close(descriptor)
            continuation.finish()
        }
        source.activate()
    }

    deinit {
        source.cancel()
    }

    /// Watches these files from now on, and no others.
    ///
    /// Folders that came, or that were replaced, since the last call are watched anew, so it is called after each pass.
    /// What is not there yet is left out.
    package func watch(_ paths: [FilePath]) {
        watches.withLock { watches in
            watches.files = [:]
            for path in paths {
                let resolved = files.resolve(path)
                for place in (resolved?.links ?? []) + [resolved?.location ?? path] {
                    watches.files[place, default: []].insert(path)
                }
            }
            var current: [CInt: FilePath] = [:]
            for folder in Set(watches.files.keys.map { $0.removingLastComponent() }) {
                let watch = inotify_add_watch(descriptor, files.location(of: folder).string, Self.mask)
                if watch >= 0 { current[watch] = folder }
            }
            for watch in watches.folders.keys where current[watch] == nil { inotify_rm_watch(descriptor, watch) }
            watches.folders = current
        }
    }

    /// The files that the events at hand are about; of a folder that went, all.
    private func readEvents() -> Set<FilePath> {
        var changed: Set<FilePath> = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return changed }
            buffer.withUnsafeBytes { bytes in
                var offset = 0
                while offset + Self.headerSize <= count {
                    let watch = bytes.loadUnaligned(fromByteOffset: offset, as: CInt.self)
                    let mask = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                    let length = Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
                    let name = bytes[(offset + Self.headerSize)..<(offset + Self.headerSize + length)]
                    changed.formUnion(
                        paths(watch: watch, mask: mask, name: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
                    )
                    offset += Self.headerSize + length
                }
            }
        }
    }

    private func paths(watch: CInt, mask: UInt32, name: String) -> [FilePath] {
        watches.withLock { watches in
            if mask & UInt32(IN_Q_OVERFLOW) != 0 { return watches.files.values.flatMap(\.self) }
            guard let folder = watches.folders[watch] else { return [] }
            if name.isEmpty {
                // The folder itself was changed, moved or removed.
                return watches.files.filter { $0.key.removingLastComponent() == folder }.values.flatMap(\.self)
            }
            return Array(watches.files[folder.appending(name)] ?? [])
        }
    }

    /// `struct inotify_event` up to its name: watch, mask, cookie, length.
    private static let headerSize = 16
    /// Writing, replacing, removing, linking, and changes of mode and owner.
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF
            | IN_ONLYDIR
    )
}
