package import AWS
package import Host
package import Reconcile
import SystemPackage
package import Vocabulary

/// The last word of a node that Auto Scaling terminates: its lifecycle action, completed once.
package struct TerminationHook: Resource {
    private let hook: LifecycleHookName
    private let instance: HookedInstance
    private let files: FileSystem
    private var deadline: ContinuousClock.Instant
    private var result = LifecycleResult.proceed
    private let notice: @Sendable (String) -> Void

    /// The record of the hook that was completed on this boot: an instance is terminated once.
    private static let record: FilePath = "/run/smtp-relay-agent/completed-hook"

    /// - Parameter deadline: Until when Auto Scaling may take to wait for the word.
    package init(
        _ hook: LifecycleHookName,
        of instance: HookedInstance,
        files: FileSystem,
        deadline: ContinuousClock.Instant,
        notice: @escaping @Sendable (String) -> Void
    ) {
        self.hook = hook
        self.instance = instance
        self.files = files
        self.deadline = deadline
        self.notice = notice
    }

    package var name: String { instance.name }

    /// The same with the word that it is to be completed with.
    ///
    /// - Parameter deadline: Until when Auto Scaling may take to wait for it.
    package func answering(_ result: LifecycleResult, by deadline: ContinuousClock.Instant) -> TerminationHook {
        var hook = self
        (hook.result, hook.deadline) = (result, deadline)
        return hook
    }

    package func check() throws -> Check {
        guard try !isComplete() else { return .inSync }
        return .drifted(
            Drift([Change(.registration, "complete \(name) with \(result.rawValue)")]) {
                if case .notWanted(because: let why) = try await instance.complete(result, by: deadline) {
                    notice("nobody waits for its completion: \(why)")
                }
                try files.createDirectory(Self.record.removingLastComponent())
                try files.replace(Self.record, with: Array("\(hook)\n".utf8), attributes: FileAttributes())
            }
        )
    }

    /// Makes Auto Scaling wait for as long as this runs. Cancel it to end the wait.
    package func keepWaiting() async {
        guard let isComplete = try? isComplete(), !isComplete else { return }
        await instance.keepWaiting { notice("the heartbeat failed: \($0)") }
    }

    private func isComplete() throws -> Bool {
        try files.file(at: Self.record)?.bytes == Array("\(hook)\n".utf8)
    }
}
