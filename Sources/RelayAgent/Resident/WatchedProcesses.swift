import Host
import Resources
import SystemPackage
import Vocabulary

/// The processes whose end is an event for the resident agent: the services' main processes, and Postfix's queue manager.
struct WatchedProcesses {
    private typealias Watch = Task<Void, Never>

    private let sender: AsyncStream<Resident.Event>.Continuation
    private var main: [ServiceName: (process: Int32, start: String?, watch: Watch)] = [:]
    /// It ends when Postfix loads its files.
    private var queueManager: (process: Int32, watch: Watch)?

    init(_ sender: AsyncStream<Resident.Event>.Continuation) { self.sender = sender }

    /// Watches the main processes that the last pass has seen.
    mutating func watch(_ services: [ServiceName: ServiceState]) {
        for name in ["postfix", "nginx"].map(ServiceName.init) {
            let (process, start) = (services[name]?.mainProcess, services[name]?.mainProcessStart)
            if let known = main[name] {
                if known.process == process, known.start == start { continue }
                known.watch.cancel()
                main[name] = nil
            }
            guard let process else { continue }
            let watch = Task { [sender] in
                await ProcessEnd().wait(for: process, startedAt: start)
                if !Task.isCancelled { sender.yield(.ended(name)) }
            }
            main[name] = (process, start, watch)
        }
    }

    /// Watches the queue manager that runs now.
    mutating func watchQueueManager(_ files: FileSystem) {
        let process = PostfixProcesses.current(queue: QueueDirectory.current(files), files: files)?.queueManager
        if queueManager?.process == process { return }
        queueManager?.watch.cancel()
        queueManager = process.map { process in
            let watch = Task { [sender] in
                await ProcessEnd().wait(for: process)
                if !Task.isCancelled { sender.yield(.loaded) }
            }
            return (process, watch)
        }
    }

    /// A service's main process has ended.
    mutating func forget(_ service: ServiceName) { main[service] = nil }

    func stop() {
        queueManager?.watch.cancel()
        for process in main.values { process.watch.cancel() }
    }
}
