package import Host
import RelayNode
package import SystemPackage

/// Postfix's queue_directory, as main.cf has it.
package enum QueueDirectory {
    /// The standard one where main.cf names none, or only by other parameters.
    package static func current(_ files: FileSystem) -> FilePath {
        let text = (try? files.bytes(at: "/etc/postfix/main.cf")).map { FileText($0).string } ?? ""
        guard let named = MainCf(text)["queue_directory"], named.hasPrefix("/"), !named.contains("$") else {
            return "/var/spool/postfix"
        }
        return FilePath(named)
    }
}
