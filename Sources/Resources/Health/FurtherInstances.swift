import Host
import RelayNode
import SystemPackage

/// The instances of Postfix beside the host's own that run, or that `postfix start` starts.
///
/// A folder below /etc/postfix with a main.cf and a master.cf may as well be a copy that somebody keeps. So it counts while a
/// master runs with its queue, or while multi_instance_directories names it and it is enabled (postmulti(1)).
struct FurtherInstances {
    private let files: FileSystem
    /// main.cf of the host's own instance.
    private let main: [UInt8]

    private static let etc = LoadedConfiguration.folder
    /// Links may lead in a circle.
    private static let deepest = 3

    init(files: FileSystem) throws {
        self.main = try files.bytes(at: Self.etc.appending("main.cf"))
        self.files = files
    }

    /// The doors of all that are used.
    var doors: [UnprovableDoor] { used.flatMap(\.doors) }

    /// The instances in use, as text to compare.
    var summary: String { used.map(\.folder).joined(separator: " ") }

    private var used: [FurtherInstance] {
        let named = folders(in: "multi_instance_directories")
        let all = named + folders(in: "alternate_config_directories") + foldersBelow(Self.etc, depth: 1)
        var seen: [FilePath] = []
        return all.compactMap { folder in
            if files.areSame(folder, Self.etc) || seen.contains(folder) { return nil }
            seen.append(folder)
            guard let instance = instance(in: folder) else { return nil }
            return isRunning(instance) || named.contains(folder) && instance.isEnabled ? instance : nil
        }
    }

    private func instance(in folder: FilePath) -> FurtherInstance? {
        guard let main = text(folder.appending("main.cf")), let master = text(folder.appending("master.cf")) else {
            return nil
        }
        return FurtherInstance(folder: folder.string, main: main, master: master)
    }

    private func text(_ path: FilePath) -> String? { (try? files.bytes(at: path)).map { FileText($0).string } }

    /// Two masters can't share a queue, so the host's own is no sign of another one.
    private func isRunning(_ instance: FurtherInstance) -> Bool {
        guard let queue = instance.queue.map({ FilePath($0) }) else { return false }
        return !files.areSame(queue, QueueDirectory.current(files))
            && PostfixProcesses.isMasterNamed(in: queue, files: files)
    }

    private func folders(in parameter: String) -> [FilePath] {
        // Each pass looks, and reading all of main.cf would take it a millisecond.
        let isThere = main.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: parameter.utf8) }
        guard isThere, let value = MainCf(FileText(main).string)[parameter] else { return [] }
        return value.split { $0 == "," || $0.isWhitespace }.map { FilePath(String($0)) }
    }

    /// Each folder below another one that has a master.cf.
    private func foldersBelow(_ folder: FilePath, depth: Int) -> [FilePath] {
        guard depth <= Self.deepest, let names = try? files.names(in: folder) else { return [] }
        return names.map { folder.appending($0) }
            .filter { files.isFolder($0) }
            .flatMap { path in
                (files.exists(path.appending("master.cf")) ? [path] : []) + foldersBelow(path, depth: depth + 1)
            }
    }
}

extension FileSystem {
    /// Whether it is a folder, or a link to one.
    fileprivate func isFolder(_ path: FilePath) -> Bool { exists(path.appending(".")) }
}
