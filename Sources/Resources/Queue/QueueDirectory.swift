package import Host
import RelayNode
package import SystemPackage

/// Postfix's queue_directory, as main.cf has it.
package enum QueueDirectory {
    /// The standard one where main.cf names none, or only by other parameters.
    package static func current(_ files: FileSystem) -> FilePath {
        let main = MainCf(PostfixFiles(files: files).mainCf)
        guard let named = main["queue_directory"], named.hasPrefix("/"), !named.contains("$") else {
            return "/var/spool/postfix"
        }
        return FilePath(named)
    }
}

extension PostfixProcesses {
    /// The processes of the Postfix with this host's queue directory; `nil` where no master runs.
    package static func current(_ files: FileSystem) -> PostfixProcesses? {
        current(queue: QueueDirectory.current(files), files: files)
    }
}
