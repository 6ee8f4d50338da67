import Glibc
package import SystemPackage

extension FileSystem {
    /// Clears the place of a file that a program of this host keeps for itself: a folder, a FIFO or the like there can be
    /// neither read nor replaced. What somebody put into such a folder is kept beside it.
    ///
    /// - Returns: The act, in words; `nil` where a file, a link or nothing is there.
    package func clearPlaceOfFile(_ path: FilePath) throws(FileFailure) -> String? {
        let location = location(of: path)
        var status = stat()
        guard lstat(location.string, &status) == 0, ![S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT) else {
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            try remove(path)
            return "\(path) was not a plain file, and was removed"
        }
        try beforeChange(path)
        if rmdir(location.string) == 0 { return "\(path) was an empty folder, and was removed" }
        guard errno == ENOTEMPTY || errno == EEXIST else { throw FileFailure(.remove, path) }
        let aside = FilePath("\(path.string).set-aside-\(time(nil))")
        try rename(path, to: aside)
        return "\(path) was a folder, and is now \(aside)"
    }
}
