import Glibc
package import SystemPackage

/// A file's new bytes beside the old ones, whole and on the disk, to be renamed into their place.
package struct StagedFile: Sendable {
    package let path: FilePath
    fileprivate let temporary: FilePath
    fileprivate let files: FileSystem

    /// Puts the file in its place.
    package func commit() throws(FileFailure) {
        do {
            try files.beforeChange(path)
            let location = files.location(of: path)
            try Errno.check(rename(temporary.string, location.string))
            try files.synchronize(location.removingLastComponent())
        } catch {
            discard()
            throw (error as? FileFailure) ?? FileFailure(.write, path, error)
        }
    }

    /// Takes the new bytes away again.
    package func discard() { unlink(temporary.string) }
}

extension FileSystem {
    /// Puts a file in place so that a reader, or a crash at any point, finds the old one or the new one whole:
    /// a temporary file in the same folder, its mode and owner, fsync, rename, fsync of the folder.
    ///
    /// - Parameter context: SELinux's label; without one, the file keeps the label of that in whose place it comes, and a
    ///   new one has the kernel's own for that folder.
    package func replace(
        _ path: FilePath,
        with bytes: [UInt8],
        attributes: FileAttributes,
        context: SecurityContext? = nil
    ) throws(FileFailure) {
        try stage(path, bytes, attributes: attributes, context: context).commit()
    }

    /// Writes a file's new bytes beside it.
    ///
    /// It is whole from the first moment, and its time of change says so, which is `settled` ago: every program of
    /// Postfix reads main.cf anew until it is two seconds old, in case it is being written (dict_load_file_xt in Postfix's
    /// dict.c), and a reload would take four seconds.
    package func stage(
        _ path: FilePath,
        _ bytes: [UInt8],
        attributes: FileAttributes,
        context: SecurityContext? = nil
    ) throws(FileFailure) -> StagedFile {
        let location = location(of: path)
        let context = hasSELinux ? context ?? SecurityContext(at: location) : nil
        let temporary = location.removingLastComponent().appending(TemporaryName.make(for: path))
        let staged = StagedFile(path: path, temporary: temporary, files: self)
        do {
            try beforeChange(path)
            let descriptor = try FileDescriptor.open(
                temporary,
                .writeOnly,
                options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite]
            )
            try descriptor.closeAfter {
                try descriptor.writeAll(bytes)
                try Errno.check(fchown(descriptor.rawValue, attributes.owner, attributes.group))
                try Errno.check(fchmod(descriptor.rawValue, attributes.permissions.rawValue))
                try context?.give(to: descriptor)
                var changed = timespec()
                try Errno.check(clock_gettime(CLOCK_REALTIME, &changed))
                changed.tv_sec -= Self.settled
                try Errno.check(futimens(descriptor.rawValue, [changed, changed]))
                try Errno.check(fsync(descriptor.rawValue))
            }
            return staged
        } catch {
            staged.discard()
            throw (error as? FileFailure) ?? FileFailure(.write, path, error)
        }
    }

    /// Seconds.
    private static let settled = 3

    /// Renames a file on its file system, in place of the file that has the other name.
    package func rename(_ path: FilePath, to other: FilePath) throws(FileFailure) {
        do {
            try beforeChange(path)
            try Errno.check(Glibc.rename(location(of: path).string, location(of: other).string))
            try synchronize(location(of: other).removingLastComponent())
        } catch {
            throw (error as? FileFailure) ?? FileFailure(.write, other, error)
        }
    }

    /// Puts a link in place, as `replace` does a file.
    package func replace(_ path: FilePath, withLinkTo target: String) throws(FileFailure) {
        let temporary = location(of: path).removingLastComponent().appending(TemporaryName.make(for: path))
        do {
            try beforeChange(path)
            try Errno.check(symlink(target, temporary.string))
        } catch {
            throw (error as? FileFailure) ?? FileFailure(.write, path, error)
        }
        try StagedFile(path: path, temporary: temporary, files: self).commit()
    }
}
