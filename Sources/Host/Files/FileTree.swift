import Glibc
package import SystemPackage

extension FileSystem {
    /// Removes the file or folder at a path, a folder with all that is in it. Links are removed, not followed; nothing
    /// there is fine.
    package func removeTree(_ path: FilePath) throws(FileFailure) {
        guard isFolder(path) else { return try remove(path) }
        for name in try names(in: path) ?? [] { try removeTree(path.appending(name)) }
        try removeDirectory(path)
    }

    /// Every plain file below a folder, at any depth; none where there is no such folder.
    package func plainFiles(below folder: FilePath) throws(FileFailure) -> [FilePath] {
        var found: [FilePath] = []
        for name in try names(in: folder) ?? [] {
            let path = folder.appending(name)
            if isFolder(path) {
                found += try plainFiles(below: path)
            } else if mode(of: path).map({ $0 & S_IFMT == S_IFREG }) ?? false {
                found.append(path)
            }
        }
        return found
    }

    /// Removes all bytes of a plain file. The file keeps its mode and owner, and programs that have it open keep it.
    package func empty(_ path: FilePath) throws(FileFailure) {
        do {
            let options: FileDescriptor.OpenOptions = [.truncate, .closeOnExec, .noFollow]
            try FileDescriptor.open(location(of: path), .writeOnly, options: options).close()
        } catch {
            throw FileFailure(.write, path, error)
        }
    }

    /// The size of the file or folder at a path; `nil` where nothing stands there.
    package func size(of path: FilePath) -> Int? {
        var status = stat()
        return lstat(location(of: path).string, &status) == 0 ? status.st_size : nil
    }

    private func isFolder(_ path: FilePath) -> Bool { mode(of: path).map { $0 & S_IFMT == S_IFDIR } ?? false }

    private func mode(of path: FilePath) -> mode_t? {
        var status = stat()
        return lstat(location(of: path).string, &status) == 0 ? status.st_mode : nil
    }
}
