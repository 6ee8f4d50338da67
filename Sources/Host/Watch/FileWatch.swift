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

    private let files: FileSystem
    private let watches = Mutex(Watches())
    private let untold: Untold
    private let news: AsyncStream<Void>.Continuation
    private let begin: @Sendable () -> CInt

    private struct Watches {
        /// inotify's descriptor, and what reads it.
        var instance: (descriptor: CInt, source: any DispatchSourceRead)?
        /// Folders by the kernel's number for their watch.
        var folders: [CInt: FilePath] = [:]
        /// The watched files by each place where a change changes them: their own, those of the links on the way to it, and
        /// the one that these lead to.
        var files: [FilePath: Set<FilePath>] = [:]
        var whole: Set<FilePath> = []
    }

    /// Files that have changed and are not told yet: a file that is written without pause pushes out no other.
    private final class Untold: Sendable {
        private let paths = Mutex<Set<FilePath>>([])

        func add(_ changed: Set<FilePath>) { paths.withLock { $0.formUnion(changed) } }
        func next() -> FilePath? { paths.withLock { $0.popFirst() } }
    }

    /// - Parameter begin: Has the kernel make an instance (inotify_init1(2)).
    package init(
        files: FileSystem = FileSystem(),
        begin: @escaping @Sendable () -> CInt = { inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK)) }
    ) {
        let untold = Untold()
        let (news, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.files = files
        self.untold = untold
        self.begin = begin
        self.news = continuation
        self.changes = AsyncStream {
            while true {
                if let path = untold.next() { return path }
                var iterator = news.makeAsyncIterator()
                guard await iterator.next() != nil else { return nil }
            }
        }
    }

    deinit {
        watches.withLock { $0.instance?.source.cancel() }
        news.finish()
    }

    /// Watches these files from now on, and no others.
    ///
    /// Folders that came, or that were replaced, since the last call are watched anew, so it is called after each pass.
    /// Paths that do not exist yet are left out.
    ///
    /// - Parameter whole: Folders of which every file counts, also one that is not known by its name; the agent's own
    ///   temporary files do not.
    /// - Throws: `FileFailure` where the system has no more watches to give. The next call tries again.
    package func watch(_ paths: [FilePath], whole: [FilePath] = []) throws(FileFailure) {
        try watches.withLock { watches throws(FileFailure) in
            watches.files = [:]
            watches.whole = Set(whole)
            for path in paths {
                let resolved = files.resolve(path)
                for place in (resolved?.links ?? []) + [resolved?.location ?? path] {
                    watches.files[place, default: []].insert(path)
                }
            }
            let descriptor = if let known = watches.instance?.descriptor { known } else { try open(&watches) }
            var current: [CInt: FilePath] = [:]
            var failure: FileFailure?
            for folder in Set(watches.files.keys.map { $0.removingLastComponent() }).union(whole) {
                let watch = inotify_add_watch(descriptor, files.location(of: folder).string, Self.mask)
                if watch >= 0 {
                    current[watch] = folder
                } else if errno == ENOSPC {
                    failure = FileFailure(.watch, folder)
                }
            }
            for watch in watches.folders.keys where current[watch] == nil { inotify_rm_watch(descriptor, watch) }
            watches.folders = current
            if let failure { throw failure }
        }
    }

    private func open(_ watches: inout Watches) throws(FileFailure) -> CInt {
        let descriptor = begin()
        guard descriptor >= 0 else { throw FileFailure(.watch, "/") }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler { [weak self] in
            guard let self, case let changed = readEvents(descriptor), !changed.isEmpty else { return }
            untold.add(changed)
            news.yield()
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
        watches.instance = (descriptor, source)
        return descriptor
    }

    /// The files that the events at hand are about; of a folder that went, all.
    private func readEvents(_ descriptor: CInt) -> Set<FilePath> {
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
            let path = folder.appending(name)
            if let known = watches.files[path] { return Array(known) }
            return watches.whole.contains(folder) && !name.contains("smtp-relay-agent") ? [path] : []
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
