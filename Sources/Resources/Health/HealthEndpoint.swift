package import Host
package import Reconcile
package import SystemPackage

/// The health check's answer: 200 while the node is proven to do its job, 503 otherwise.
///
/// nginx serves it from a file, so a crashed agent does not take a working relay out. A unit bound to Postfix's own
/// writes that file and removes it, so a crashed Postfix does.
package struct HealthEndpoint: Resource {
    package let name = "health"
    package let onceConverged: String? = "prove the relay and publish its health"

    private let verifier: NodeVerifier
    private let mayPublish: Bool
    private let publisher: ServiceName
    private let file: FilePath
    private let endpoint: any HealthChecking
    private let services: ServiceBoard
    private let files: FileSystem

    /// - Parameters:
    ///   - mayPublish: Whether the node may come into service by this pass; one that is in service stays there without.
    ///   - publisher: The unit that writes the file when it starts and removes it when it stops.
    ///   - file: The file that nginx serves.
    ///   - answer: Asks nginx as the load balancer does.
    package init(
        verifier: NodeVerifier,
        mayPublish: Bool = true,
        publisher: ServiceName,
        file: FilePath,
        answer: any HealthChecking,
        services: ServiceBoard,
        files: FileSystem
    ) {
        self.verifier = verifier
        self.mayPublish = mayPublish
        self.publisher = publisher
        self.file = file
        self.endpoint = answer
        self.services = services
        self.files = files
    }

    package func check() async throws -> Check {
        let isPublished = try await services.state(of: publisher).isActive && files.exists(file)
        guard isPublished, try verifier.isProven() else {
            let summary = isPublished ? "prove the relay anew" : "prove the relay and publish its health"
            return .drifted(Drift([Change(.service, summary)]) { try await publish(anew: !isPublished) })
        }
        do {
            try await look(isIdle: true)
        } catch is CancellationError {
            throw CancellationError()
        } catch let failure as BusyDoor {
            guard try BusyLooks(files: files).note() else { throw failure }
            return withdrawal(because: failure)
        } catch {
            return withdrawal(because: error)
        }
        try await expectHealthy()
        // The health unit may have published it, by settings and facts.
        try KeptSelfTest(files: files).write(verifier.selfTest)
        return .inSync
    }

    private func look(isIdle: Bool = false) async throws {
        try await verifier.checkService(wakesQueueManager: !isIdle)
        try BusyLooks(files: files).forget()
    }

    private func withdrawal(because failure: any Error) -> Check {
        .drifted(
            Drift([Change(.service, "withdraw the health check's 200")]) {
                try await withdraw()
                throw failure
            }
        )
    }

    private func publish(anew: Bool) async throws {
        do {
            // A proof would wait for it in vain.
            try verifier.fitness.check(verifier.observer)
            try await verifier.prove()
            try await look()
        } catch is CancellationError {
            // Nothing is known; the guard withdraws what is not proven.
            throw CancellationError()
        } catch {
            try await withdraw()
            throw error
        }
        // The guard may have withdrawn it while the proof was made.
        let isDue = anew || !files.exists(file)
        guard !isDue || mayPublish else { return }
        try KeptSelfTest(files: files).write(verifier.selfTest)
        if isDue { try await services.change { try await $0.restart(publisher) } }
        try await expectHealthy()
    }

    private func withdraw() async throws {
        // The file goes first: it is what the load balancer sees.
        try files.remove(file)
        try await services.change { try await $0.stop(publisher) }
    }

    private func expectHealthy() async throws {
        try await verifier.observer.observing(.healthCheck, "nginx's answer to the health check") {
            // After a reload, a worker of the former configuration may still answer for a moment.
            try await Patience.severalTimes {
                let status = try await endpoint.status()
                guard status == 200 else { throw HealthCheckFailed(status: status) }
            }
        }
    }
}

/// Asks the health endpoint, as the load balancer does.
package protocol HealthChecking: Sendable {
    /// The answer's HTTP status.
    func status() async throws -> Int
}

/// nginx runs, but does not answer the health check as it should.
package struct HealthCheckFailed: Error, CustomStringConvertible {
    package let status: Int

    package var description: String {
        """
        nginx answers the health check with \(status) in place of 200; look at /var/log/nginx/error.log and at \
        'nginx -T' for another server on the same port
        """
    }
}
