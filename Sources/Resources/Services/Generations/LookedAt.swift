import Host
import Synchronization
import SystemPackage

/// The files of a service as a pass has looked at them and left them.
final class LookedAt: Sendable {
    private let states = Mutex<[FilePath: FileState]?>(nil)

    var files: [FilePath: FileState]? { states.withLock { $0 } }

    func note(_ files: [FilePath: FileState]?) { states.withLock { $0 = files } }
}
