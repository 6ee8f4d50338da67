import FoundationEssentials
package import Host
import RelayNode
package import SMTP
package import SystemPackage

/// Takes the health check's 200 from a node that is not proven any more, whatever else is under way.
///
/// It starts no conversation and changes nothing else, so nothing can hold it up. Only a pass gives the 200 back.
package struct HealthGuard: Sendable {
    private let file: FilePath
    private let probe: any RelayProbing
    private let files: FileSystem
    private let runner: any CommandRunner
    private let progress: WorkProgress

    /// The time that a change has for its repair and its proof. Then the node answers 503.
    package static let grace: Duration = .seconds(2)
    /// The pause between two looks at the proof during a long pass.
    package static let glance: Duration = .milliseconds(250)
    /// The limit of the grace where main.cf was just written, or the host is busy.
    private static let longestGrace: Duration = .seconds(6)
    /// The limit of what the refusals of strangers may add to the grace. A stranger that is accepted is seen without it.
    private static let longestDelay: Duration = .seconds(15)

    /// - Parameters:
    ///   - file: The file that nginx serves while the node is healthy.
    ///   - progress: The signs of the passes.
    package init(
        file: FilePath,
        probe: any RelayProbing,
        files: FileSystem,
        runner: any CommandRunner,
        progress: WorkProgress
    ) {
        self.file = file
        self.probe = probe
        self.files = files
        self.runner = runner
        self.progress = progress
    }

    /// Withdraws the 200 where the doors are not proven as they are now.
    ///
    /// - Returns: Why it did; `nil` where all is well, or nothing is published.
    package func withdrawUnlessProven() throws -> (any Error)? {
        guard files.exists(file), let verifier else { return nil }
        var known = PostfixProcesses.KnownPrograms()
        if let reason = try withdraw(unless: verifier.fitness, known: &known) { return reason }
        return try verifier.isProven() ? nil : try withdraw(because: NotProven())
    }

    /// The time that a change still has for its proof.
    ///
    /// - Parameter time: Since the change was seen.
    package func timeLeft(after time: Duration) -> Duration {
        let postfix = PostfixFiles(files: files)
        let delays = AnswerDelays(MainCf(postfix.mainCf), try? postfix.readMasterCf())
        let delay = min(delays.refusal * NodeVerifier.tries, Self.longestDelay)
        return max(Self.grace + delay - time, min(max(coolingTime, progress.timeLeft), Self.longestGrace - time))
    }

    /// Postfix's programs do not go by a main.cf that was changed in the last two seconds: they wait until it has "cooled
    /// down" (dict_load_file_xt() in Postfix's source). Until then nothing can be proven, and nothing is in force.
    private var coolingTime: Duration {
        guard let changed = files.modificationTime(of: "/etc/postfix/main.cf") else { return .zero }
        let age = Duration.seconds(Date().timeIntervalSince1970) - .seconds(changed)
        return age < .zero ? .zero : .milliseconds(2300) + Self.proofTime - age
    }

    /// The time of a proof on a busy host.
    private static let proofTime: Duration = .milliseconds(1500)

    /// Whether nothing is published that is not proven.
    package func isProven() throws -> Bool {
        guard files.exists(file), let verifier else { return true }
        return try verifier.isProven()
    }

    /// The same for what comes without a change of Postfix's files: a full disk, a process that was stopped.
    ///
    /// - Parameter known: What the last look has seen.
    package func withdraw(
        unless fitness: PostfixFitness,
        known: inout PostfixProcesses.KnownPrograms
    ) throws -> (any Error)? {
        guard files.exists(file) else { return nil }
        do {
            try fitness.check(known: &known)
            return nil
        } catch {
            // Another process's pass may have given Postfix other needs since those were known.
            if let now = self.fitness, (try? now.check()) != nil { return nil }
            return try withdraw(because: error)
        }
    }

    /// The conditions that the relay in service needs of Postfix and its disk; `nil` where none was in service since the boot.
    package var fitness: PostfixFitness? { verifier?.fitness }

    private var verifier: NodeVerifier? {
        KeptSelfTest(files: files).read().map {
            NodeVerifier(probe: probe, selfTest: $0, files: files, runner: runner)
        }
    }

    private func withdraw(because reason: any Error) throws -> any Error {
        try files.remove(file)
        return reason
    }
}

/// Postfix's files were changed, or loaded anew, and the relay was not proven since.
package struct NotProven: Error, CustomStringConvertible {
    package var description: String {
        """
        Postfix's configuration was changed, and the relay is not proven since; the pass that follows proves it, or says \
        what is wrong
        """
    }
}
