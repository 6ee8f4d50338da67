import Glibc
package import SystemPackage

/// A configuration file that can't be edited where it stands, nor replaced without taking something from the operator.
package struct UnusableFile: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        /// Its links go in a circle.
        case loop
        /// It is a link to a path where nothing stands.
        case dangling
        /// A folder, a device or the like.
        case notAFile
        /// The file that the link leads to, or a folder on the way, belongs to another user than root.
        case foreign(FilePath)
        /// Others than root can write it.
        case open(FilePath)
        /// Its file system takes no changes.
        case readOnly(FilePath)
        /// Another file is mounted over it.
        case mounted(FilePath)
    }

    package let path: FilePath
    /// The target, where the file is a link.
    package let target: FilePath?
    package let reason: Reason

    package var description: String {
        "\(path)\(target.map { " is a link to \($0), and" } ?? "") can't be edited: \(problem); nothing was changed. "
            + "\(cure), then run 'smtp-relay-agent reconcile'"
    }

    private var what: String { target == nil ? "it" : "that file" }

    private var problem: String {
        switch reason {
        case .loop: "its links form a loop"
        case .dangling: "\(what) is not there"
        case .notAFile: "\(what) is not a plain file"
        case .foreign(let owned):
            "\(owned) does not belong to root, so another user could make root write to another file"
        case .open(let written): "users other than root can write \(written)"
        case .readOnly(let location): "\(location) is on a read-only file system"
        case .mounted(let location):
            "another file is mounted at \(location), and hides the file that the agent has to edit"
        }
    }

    private var cure: String {
        let plain = "or put a plain file in the link's place ('cp --remove-destination TARGET \(path)')"
        return switch reason {
        case .loop: "Put a plain file in the link's place"
        case .dangling: "Restore that file, or remove the link"
        case .notAFile: target == nil ? "Move it away" : "Point the link to a plain file, or remove it"
        case .foreign(let owned): "Run 'chown root \(owned)', \(plain)"
        case .open(let written): "Run 'chmod go-w \(written)', \(plain)"
        case .readOnly(let location):
            target == nil
                ? "Make it writable (findmnt -T \(location))"
                : "Make it writable (findmnt -T \(location); the resident agent can't write in /home), \(plain)"
        case .mounted(let location):
            "Run 'umount \(location)', and remove what mounts it (findmnt \(location), /etc/fstab)"
        }
    }
}

extension FileSystem {
    /// The path of the file behind all links, or of the file that would be made there, for edits.
    ///
    /// - Throws: `UnusableFile`
    package func editableLocation(of path: FilePath) throws(UnusableFile) -> FilePath {
        let isLink = linkTarget(of: path) != nil
        guard let resolved = resolve(path) else {
            throw UnusableFile(path: path, target: target(of: path), reason: .loop)
        }
        let location = resolved.location
        func unusable(_ reason: UnusableFile.Reason) -> UnusableFile {
            UnusableFile(path: path, target: isLink ? location : nil, reason: reason)
        }
        if let found = status(of: location) {
            guard found.st_mode & S_IFMT == S_IFREG else { throw unusable(.notAFile) }
            if isLink, let reason = risk(found, location) { throw unusable(reason) }
        } else if isLink {
            throw unusable(.dangling)
        }
        // A user who can replace the file or the link could make root write anywhere.
        if !resolved.links.isEmpty {
            for folder in Set((resolved.links + [location]).flatMap(folders(above:))) {
                guard let found = status(of: folder), let reason = risk(found, folder) else { continue }
                throw unusable(reason)
            }
        }
        var system = statvfs()
        let folder = self.location(of: location.removingLastComponent()).string
        // The kernel renames nothing over a mount.
        if isMountPoint(location) { throw unusable(.mounted(location)) }
        if statvfs(folder, &system) == 0, system.f_flag & UInt(ST_RDONLY) != 0 { throw unusable(.readOnly(location)) }
        return location
    }

    private func target(of path: FilePath) -> FilePath? { linkTarget(of: path).map { FilePath($0) } }

    /// Whether something is mounted at a path, as this program sees it (proc_pid_mountinfo(5)).
    private func isMountPoint(_ path: FilePath) -> Bool {
        let table = (try? bytes(at: "/proc/self/mountinfo")) ?? []
        return table.split(separator: UInt8(ascii: "\n")).contains { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            return fields.count > 4 && fields[4].elementsEqual(Self.escaped(path).utf8)
        }
    }

    /// The path as the kernel writes paths there.
    private static func escaped(_ path: FilePath) -> String {
        path.string.map { character in
            switch character {
            case " ": "\\040"
            case "\t": "\\011"
            case "\n": "\\012"
            case "\\": "\\134"
            default: String(character)
            }
        }.joined()
    }

    private func folders(above path: FilePath) -> [FilePath] {
        var folders: [FilePath] = []
        var folder = path.removingLastComponent()
        while !folder.components.isEmpty {
            folders.append(folder)
            folder.removeLastComponent()
        }
        return folders
    }

    /// The reason why users other than root can change a file, or the names in a folder.
    private func risk(_ found: stat, _ path: FilePath) -> UnusableFile.Reason? {
        if found.st_uid != 0 { return .foreign(path) }
        // In a sticky folder nobody can take another's file away.
        if found.st_mode & S_IFMT == S_IFDIR, found.st_mode & S_ISVTX != 0 { return nil }
        let isOpen = found.st_mode & S_IWOTH != 0 || found.st_mode & S_IWGRP != 0 && found.st_gid != 0
        return isOpen ? .open(path) : nil
    }

    private func status(of path: FilePath) -> stat? {
        var found = stat()
        return lstat(location(of: path).string, &found) == 0 ? found : nil
    }
}
