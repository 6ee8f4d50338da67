import Host
import SystemPackage

/// Whether Postfix has room for what it takes, and what it needs to take it: what no event tells of.
///
/// It takes few system calls, and a connection only where the signer seems to hang, so it can be asked every few seconds.
package struct PostfixFitness: Sendable {
    private let queue: FilePath
    /// In bytes.
    private let leastFreeSpace: UInt64
    /// The services of master.cf that smtpd(8) can't do without, whose sockets have to be there.
    private let services: [String]
    /// The port of the signer without which no mail is taken; `nil` where there is none.
    private let signerPort: UInt16?
    /// Whether the signer at a port answers.
    private let signerAnswers: @Sendable (UInt16) -> Bool
    private let files: FileSystem

    /// A message takes two or three files for a moment.
    private static let leastFreeFiles: UInt64 = 100
    package static let neededServices = ["cleanup", "rewrite", "proxymap"]

    /// - Parameter services: Those of the needed services that master.cf has under these names.
    init(
        queue: FilePath,
        leastFreeSpace: UInt64,
        services: [String],
        signerPort: UInt16? = nil,
        signerAnswers: @escaping @Sendable (UInt16) -> Bool = { SignerGreeting.negotiates(port: $0, within: 3) },
        files: FileSystem
    ) {
        self.queue = queue
        self.leastFreeSpace = leastFreeSpace
        self.services = services
        self.signerPort = signerPort
        self.signerAnswers = signerAnswers
        self.files = files
    }

    /// - Throws: `DeadSigner`, `NoRoom`, `StoppedMaster`, `StoppedPrograms` or `UnusableQueue`.
    func check(_ observer: ProbeObserver = .none) throws {
        var known = PostfixProcesses.KnownPrograms()
        try check(observer, known: &known)
    }

    /// The same, with what the last look has seen.
    func check(_ observer: ProbeObserver = .none, known: inout PostfixProcesses.KnownPrograms) throws {
        let stopped = PostfixProcesses.stopped(queue: queue, files: files, known: &known)
        if stopped.isMaster { throw StoppedMaster() }
        if !stopped.programs.isEmpty { throw StoppedPrograms(names: stopped.programs.sorted()) }
        try checkQueue()
        if let signerPort { try checkSigner(signerPort) }
        guard let space = files.space(at: queue) else { return }
        let hasRoom = space.bytes >= leastFreeSpace && space.files.map { $0 >= Self.leastFreeFiles } ?? true
        let failure = hasRoom ? nil : NoRoom(queue: queue, space: space)
        observer.report(ProbeReport(.queueDisk, "free space of \(queue)", failure: failure.map { "\($0)" }))
        if let failure { throw failure }
    }

    /// A signer that hangs still listens, and leaves Postfix's connections waiting. Only then is it asked.
    private func checkSigner(_ port: UInt16) throws {
        let waiting = ListeningSockets(files: files).waiting(at: port)
        guard let waiting, waiting == 0 || signerAnswers(port) else { throw DeadSigner(port: port) }
    }

    /// smtpd(8) waits for minutes where it can't reach a socket or write a queue file.
    private func checkQueue() throws {
        // Its owner is whoever Postfix runs as: mail_owner in postconf(5).
        guard let owner = try files.folderAttributes(at: queue.appending("active"))?.owner else { return }
        for folder in ["incoming", "public", "private"] {
            let path = queue.appending(folder)
            guard let attributes = try files.folderAttributes(at: path) else {
                throw UnusableQueue(path: path, problem: .absent)
            }
            guard attributes.owner == owner, attributes.permissions.contains(.ownerReadWriteExecute) else {
                throw UnusableQueue(path: path, problem: .access(attributes.permissions, owner: attributes.owner))
            }
        }
        for service in services
        where ["public", "private"].allSatisfy({ isAbsent(queue.appending($0).appending(service)) }) {
            throw UnusableQueue(path: queue, problem: .noSocket(service))
        }
    }

    /// Only what can be looked at can be missing: the health unit is let into no folder of Postfix's own.
    private func isAbsent(_ path: FilePath) -> Bool {
        do {
            return try files.file(at: path) == nil
        } catch {
            return false
        }
    }
}
