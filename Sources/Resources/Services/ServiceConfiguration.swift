package import Host
package import RelayNode
package import SystemPackage

/// A service's configuration files and what must be true of them: the part in which one service differs from another.
package protocol ServiceConfiguration: Sendable {
    var service: ServiceName { get }

    /// The files, in the order in which they are written.
    var paths: [FilePath] { get }

    /// The files that only root may read, and that no diff shows.
    var secrets: Set<FilePath> { get }

    /// The files whose text is not known now: they stay as they last worked.
    var kept: Set<FilePath> { get }

    /// Whether the service itself can read a file with this text; where it can't, the file is as good as gone.
    func isReadable(_ text: String, at path: FilePath) -> Bool

    /// Whether a file is the agent's own work from the first line to the last: then it is no original to be kept, and
    /// is removed where it is not wanted.
    func isOwn(_ text: String, at path: FilePath) -> Bool

    /// The mode and owner that a file is to have; where it is there, it has those that were found.
    func attributes(of path: FilePath, found: FileAttributes?) -> FileAttributes

    /// The wanted texts, made from the current ones; a file that is not there has none. One without a wanted text is
    /// not to be there, unless it is somebody else's.
    func desired(from current: [FilePath: String]) throws -> [FilePath: String]

    /// The action that the running service needs for the change to take effect.
    func action(from current: [FilePath: String], to desired: [FilePath: String]) throws -> ServiceAction

    /// The TCP ports that the service would listen on by the wanted texts, and does not by the current ones.
    func newPorts(from current: [FilePath: String], to desired: [FilePath: String]) -> [UInt16]

    /// The names of the programs that listen for it besides its main process (proc_pid_comm(5)).
    var programs: Set<String> { get }

    /// The other things on which its files depend: its programs, the service manager's definitions of it, the system's
    /// policy.
    var dependencies: [FilePath] { get }

    /// The action that brings the service back to its former files after it failed with others.
    func actionBack(after failure: any Error) -> ServiceAction

    /// The action that the service still needs to take up its present files.
    func unloaded() throws -> ServiceAction

    /// Is given each start, reload and restart of the service to run.
    func loading(_ act: () async throws -> Void) async throws

    /// Makes the service's own programs judge the candidate, before anything is changed.
    func validate(_ candidate: [FilePath: [UInt8]]) async throws

    /// Sees the service at work with its new configuration.
    func probe() async throws

    /// Whether a service that a probe found so may be cured by a restart where a reload did not help.
    func isCuredByRestart(_ failure: any Error) -> Bool
}

extension ServiceConfiguration {
    package var secrets: Set<FilePath> { [] }
    package var kept: Set<FilePath> { [] }
    package func isReadable(_ text: String, at path: FilePath) -> Bool { true }
    package func isOwn(_ text: String, at path: FilePath) -> Bool { false }
    package func newPorts(from current: [FilePath: String], to desired: [FilePath: String]) -> [UInt16] { [] }
    package var programs: Set<String> { [] }
    package var dependencies: [FilePath] { [] }
    package func actionBack(after failure: any Error) -> ServiceAction { .restart }
    package func unloaded() throws -> ServiceAction { .none }
    package func loading(_ act: () async throws -> Void) async throws { try await act() }
    package func isCuredByRestart(_ failure: any Error) -> Bool { false }

    package func attributes(of path: FilePath, found: FileAttributes?) -> FileAttributes {
        secrets.contains(path) ? FileAttributes(permissions: .ownerReadWrite) : FileAttributes()
    }
}
