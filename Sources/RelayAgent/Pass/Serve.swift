import AgentLog
import Host
import Reconcile
import RelayNode
import Resources
import SystemPackage
import Vocabulary

/// A pass over a relay that is to be in service: brings every part to where it should be, and has the health check say 200
/// only while the relay is proven.
///
/// Read `run` from top to bottom. A step that fails does not stop the next ones. The comment beside a step says what its
/// failure means.
struct Serve: Sendable {
    let parts: RelayParts
    let runner: StageRunner
    let host: HostAccess
    let log: StepLog

    /// - Parameter failures: What was in the way before the first step.
    func run(after failures: [StepFailure]) async -> StepResults {
        var results = StepResults(failures: failures)

        // The steps below may take long. A node that is not proven by then answers 503.
        async let _: Void = withdrawUnlessProven()
        async let _: Void = lookAhead()

        results.add(await runner.run([[parts.folders]]))
        results.add(await runner.run([[parts.labels]]))

        // A node in service may not need the missing package. Without Postfix, nothing can serve.
        let packages = await runner.run([[parts.packages]])
        results.add(packages)
        if packages.hasFailed, !parts.isPostfixInstalled { return results }
        results.add(await runner.run([[parts.units]]))
        // Postfix is told of a signer that answers. One that does not is found by the proof, where mail waits for it.
        if let signer = parts.signer { results.add(await runner.run([[signer]])) }
        // A fresh node waits until receivers can verify its signatures. One that was in service answers 200 whatever DNS
        // says, and is kept from joining alone.
        let isHeldBack = parts.unverifiable != nil && !parts.postfix.wasProven
        if isHeldBack, let unverifiable = parts.unverifiable {
            results.fail("signer", unverifiable)
            results.note("signer") { try HeldBack(files: host.files).hold() }
        } else {
            if let unverifiable = parts.unverifiable { log.warning("signer", unverifiable.warning) }
            results.note("signer") { try HeldBack(files: host.files).release() }
        }
        let mailTransferAgent = await runner.run([[parts.mailTransferAgent]])
        results.add(mailTransferAgent)

        // Where nginx can't work with a version of the fleet's settings that is on trial, the pass goes back before Postfix is
        // touched, which would have to be proven anew.
        if parts.request.isTrial {
            let nginx = await runner.run([[parts.nginx]])
            results.add(nginx)
            if nginx.hasFailed { return results }
        }

        // If a change does not work, the service goes on with the files that were proven last.
        let services = (postfix: parts.postfix, nginx: parts.nginx)
        // Postfix is not started while another mail server holds its ports; neither is the health unit.
        let isPostfixUp = await parts.isPostfixUp
        let isHeldUp = mailTransferAgent.hasFailed && !isPostfixUp
        let postfix = isHeldUp ? [] : await runner.run([[services.postfix]])
        let nginx = await runner.run([[services.nginx]])
        results.add(postfix)
        results.add(nginx)
        // The version before is back in a moment, and has its proof.
        if parts.request.isTrial, postfix.hasFailed { return results }
        // A cancelled pass leaves the rest to the next pass.
        if Task.isCancelled { return results }

        // The proof is made in every pass, and takes the 200 away where it fails. A node that is out of service comes in only
        // where its host is as it should be, or as it was when it was proven last. Settings and facts that could not be read
        // are no obstacle: those of before stand in for them.
        let isAsProven = (try? services.postfix.runsProven() && services.nginx.runsProven()) ?? false
        let endpoint = parts.health(
            // A change that did not work is not in force.
            as: postfix.hasFailed && isAsProven ? KeptSelfTest(files: host.files).read() : nil,
            mayPublish: (results.failures.count == failures.count || isAsProven) && !isHeldUp
                && !isHeldBack && !host.files.exists(Self.refusal)
        )
        let health = await runner.run([[endpoint]])
        results.add(health)
        if Task.isCancelled { return results }
        if health.hasFailed || !host.files.exists(FilePath(NginxConfiguration.healthFile)) {
            // The load balancers' own checks take the node out; their state is only read and reported.
            let isRefused = host.files.exists(Self.refusal)
            if parts.request.agent != nil || isRefused {
                let isClear = await parts.look(because: results.failures.first)
                // Once the node is out of the one that it must not be in, the next pass publishes its health.
                if isClear, isRefused { results.note("health") { try host.files.remove(Self.refusal) } }
            }
            return results
        }
        if !postfix.hasFailed { results.note("postfix") { try services.postfix.markProven() } }
        if !nginx.hasFailed { results.note("nginx") { try services.nginx.markProven() } }
        // Until the relay is proven without its signer, all who look at it take a dead one for a fault.
        if !postfix.hasFailed, let former = parts.formerSigner { results.add(await runner.run([[former]])) }

        parts.request.progress?.beginWaiting()
        // Each load balancer for itself, so that waiting for one does not delay the others.
        let memberships = await runner.run(parts.memberships)
        results.add(memberships)
        if !memberships.hasFailed { results.note("load balancers") { try parts.noteJoined() } }
        let failed = results.failures
        results.note("health") { try refuseWhereItMustNotBe(failed) }
        return results
    }

    /// A node that can't leave a load balancer that would make an open relay of it answers 503, until it has left.
    private func refuseWhereItMustNotBe(_ failures: [StepFailure]) throws {
        guard failures.contains(where: { $0.cause is StillInPlace }) else { return try host.files.remove(Self.refusal) }
        try host.files.replace(Self.refusal, with: [], attributes: FileAttributes())
        try host.files.remove(FilePath(NginxConfiguration.healthFile))
    }

    private static let refusal: FilePath = "/run/smtp-relay-agent/must-not-serve"

    private func lookAhead() async {
        guard parts.request.isFirstLook else { return }
        await FirstLook(situation: parts.situation, transport: host.transport, log: log).run()
    }

    /// Each change has all of the time that it may take for its proof, also one that comes late in a long pass.
    private func withdrawUnlessProven() async {
        let healthGuard = host.healthGuard
        var proven = ContinuousClock.now
        do {
            while true {
                try await Task.sleep(for: HealthGuard.glance)
                if try healthGuard.isProven() { proven = .now }
                guard healthGuard.timeLeft(after: .now - proven) <= .zero,
                    let reason = try healthGuard.withdrawUnlessProven()
                else { continue }
                log.failed("health", "the health check answers 503 from now on: \(reason)")
            }
        } catch is CancellationError {
            return
        } catch {
            log.failed("health", "\(error)")
        }
    }
}
