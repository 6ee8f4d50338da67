package import Host
package import RelayNode
package import SystemPackage

/// A service's configuration files and what must be true of them: the part in which one service differs from another.
package protocol ServiceConfiguration: Sendable {
    var service: ServiceName { get }

    /// The files, in the order in which they are written.
    var paths: [FilePath] { get }

    /// The wanted texts, made from the current ones; a file that is not there has none.
    func desired(from current: [FilePath: String]) throws -> [FilePath: String]

    /// What the running service needs for the change to take effect.
    func action(from current: [FilePath: String], to desired: [FilePath: String]) throws -> ServiceAction

    /// Has the service's own programs judge the candidate, before anything is changed.
    func validate(_ candidate: [FilePath: [UInt8]]) async throws

    /// Sees the service at work with its new configuration.
    func probe() async throws
}
