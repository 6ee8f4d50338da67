package import Host
package import RelayNode
package import SMTP
import SystemPackage
import Vocabulary

/// Proves that the node does its job and no more: its doors take mail of the allowed networks and of nobody else, and
/// there is room for what they take.
///
/// The doors change only when Postfix loads its files, or with the networks, and each proof writes some lines to the mail
/// log. So the proof is kept with its subject, and is made again only when the subject has changed.
package struct NodeVerifier: Sendable {
    private let probe: any RelayProbing
    package let selfTest: SelfTest
    private let files: FileSystem
    private let runner: any CommandRunner
    let observer: ProbeObserver

    /// In /run: after a boot, Postfix has read its files anew.
    private static let proof: FilePath = "/run/smtp-relay-agent/proof"

    package init(
        probe: any RelayProbing,
        selfTest: SelfTest,
        files: FileSystem,
        runner: any CommandRunner,
        observer: ProbeObserver = .none
    ) {
        self.probe = probe
        self.selfTest = selfTest
        self.files = files
        self.runner = runner
        self.observer = observer
    }

    // The proof

    /// Whether the doors were proven as they are now. Then the proof that holds is reported, with its time.
    package func isProven() throws -> Bool {
        guard let subject = try subject.current(), try files.file(at: Self.proof)?.bytes == Array(subject.utf8) else {
            return false
        }
        observer.report(ProbeReport(.relayPolicy, attempts, at: files.modificationTime(of: Self.proof)))
        return true
    }

    /// Proves the doors, and keeps the proof.
    ///
    /// - Throws: An `SMTPFailure` or a `RelayPolicyFailure`.
    package func prove() async throws {
        try await observer.observing(.relayPolicy, attempts) {
            do {
                for _ in 0..<Self.tries {
                    let before = try await subject.settled()
                    try await checkPolicy()
                    // A proof of what Postfix has loaded since would be one of nothing.
                    if let before, try subject.current() == before { return try keep(before) }
                }
                throw RelayPolicyFailure.keepsLoading
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                try files.remove(Self.proof)
                throw error
            }
        }
    }

    /// Postfix may load its files in the middle of a proof.
    static let tries = 3

    private var subject: ProofSubject { ProofSubject(selfTest: selfTest, files: files, runner: runner) }

    /// Tries the doors without keeping a proof.
    ///
    /// - Throws: An `SMTPFailure` or a `RelayPolicyFailure`.
    package func checkPolicy() async throws {
        try await PolicyTrial(probe: probe, selfTest: selfTest, files: files, runner: runner).judge()
    }

    private func keep(_ subject: String) throws {
        try files.createDirectory(Self.proof.removingLastComponent())
        try files.replace(Self.proof, with: Array(subject.utf8), attributes: FileAttributes())
    }

    /// The attempts of the proof, in words.
    private var attempts: String {
        "RCPT TO as \(selfTest.insiders.count) hosts inside and \(selfTest.outsiders.count) outside of the networks"
    }

    // The looks

    /// Whether the doors take mail now.
    ///
    /// - Parameter wakesQueueManager: Whether to spend a process on not being slowed down, as after a proof.
    /// - Throws: An `SMTPFailure`, a `RelayPolicyFailure`, one of `PostfixFitness`, `DeafDoor`, or
    ///   `BusyDoor` for a door that may only be slow.
    package func checkService(wakesQueueManager: Bool = true) async throws {
        try fitness.check(observer)
        let master = try postfix.readMasterCf()
        let doors = Doors(master, at: selfTest.address, isProxied: selfTest.isProxied).all
            .filter { selfTest.ports.contains($0.port) }
        let ports = doors.map { "\($0.port)" }.joined(separator: " and ")
        try await observer.observing(.smtp, "a sender and a stranger at port \(ports)") {
            let main = MainCf(postfix.mainCf)
            if wakesQueueManager { await QueueManager(runner: runner).wake() }
            for door in doors { try await look(at: door, main, master) }
        }
    }

    private func look(at door: Door, _ main: MainCf, _ master: MasterCf) async throws {
        let trial = DoorTrial(probe: probe, selfTest: selfTest, door: door, main: main, master: master)
        do {
            try await Patience.severalTimes(unless: { ($0 as? SMTPFailure)?.isHung(at: door) == true }) {
                try await trial.look()
            }
        } catch let failure as SMTPFailure {
            if let deaf = try await deafness(trial, after: failure) { throw deaf }
            guard failure.isSlow, PostfixProcesses.current(queue: queue, files: files)?.isServing == true else {
                throw failure
            }
            throw BusyDoor(failure: failure)
        }
    }

    /// Whether a door that greeted and then hung does so for senders.
    private func deafness(_ trial: DoorTrial, after failure: SMTPFailure) async throws -> DeafDoor? {
        try await Deafness(trial: trial, queue: queue, files: files).confirmed(after: failure)
    }

    /// The conditions of Postfix and its disk that a proof and a look need.
    var fitness: PostfixFitness {
        PostfixFitness(
            queue: queue,
            leastFreeSpace: selfTest.leastFreeSpace,
            services: Deafness.neededServices(in: try? postfix.readMasterCf()),
            signerPort: selfTest.signerPort,
            files: files
        )
    }

    private var queue: FilePath { QueueDirectory.current(files) }
    private var postfix: PostfixFiles { PostfixFiles(files: files) }
}

extension SMTPFailure {
    /// Whether the server took the connection and said nothing in time, as one that has too much to do.
    fileprivate var isSlow: Bool {
        switch reason {
        case .silent, .timedOut: true
        default: false
        }
    }
}

extension PostfixProcesses {
    fileprivate var isServing: Bool { speaking > 0 && !isMasterStopped }
}
