import Host
import SystemPackage

/// Whether Postfix has room for what it takes, and its master was not stopped: what no event tells of.
///
/// It takes no connection and a few system calls, so it can be asked every few seconds.
package struct PostfixFitness: Sendable {
    private let queue: FilePath
    /// In bytes.
    private let leastFreeSpace: UInt64
    private let files: FileSystem

    /// A message takes two or three files for a moment.
    private static let leastFreeFiles: UInt64 = 100

    init(queue: FilePath, leastFreeSpace: UInt64, files: FileSystem) {
        self.queue = queue
        self.leastFreeSpace = leastFreeSpace
        self.files = files
    }

    /// - Throws: `NoRoom` or `StoppedMaster`.
    func check(_ observer: ProbeObserver = .none) throws {
        if PostfixProcesses.isMasterStopped(queue: queue, files: files) { throw StoppedMaster() }
        guard let space = files.space(at: queue) else { return }
        let hasRoom = space.bytes >= leastFreeSpace && space.files.map { $0 >= Self.leastFreeFiles } ?? true
        let failure = hasRoom ? nil : NoRoom(queue: queue, space: space)
        observer.report(ProbeReport(.queueDisk, "free space of \(queue)", failure: failure.map { "\($0)" }))
        if let failure { throw failure }
    }
}
