import CLinux
import Dispatch
import Glibc
import SystemPackage

/// Tells when a process ends that is not a child of this one.
package struct ProcessEnd: Sendable {
    private let files: FileSystem
    /// The time between two looks on an older kernel.
    private let interval: Duration
    private let usesDescriptors: Bool

    /// - Parameter usesDescriptors: Whether to use pidfd_open(2), which kernels have from 5.3 on.
    package init(files: FileSystem = FileSystem(), interval: Duration = .seconds(1), usesDescriptors: Bool = true) {
        self.files = files
        self.interval = interval
        self.usesDescriptors = usesDescriptors
    }

    /// Returns when the process has ended; at once where there is none. Cancelling ends the wait too.
    ///
    /// - Parameter start: When it began, where that is known: a later process of the same number is not waited for.
    package func wait(for process: Int32, startedAt start: String? = nil) async {
        // The process that has the number once its descriptor is open is the one that is waited for.
        let descriptor = usesDescriptors ? clinux_pidfd_open(process) : -1
        if let start, files.startTime(ofProcess: process) != start {
            if descriptor >= 0 { close(descriptor) }
        } else if descriptor >= 0 {
            await readable(descriptor)
        } else if !usesDescriptors || errno != ESRCH {
            await poll(process)
        }
    }

    private func readable(_ descriptor: CInt) async {
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
        source.setEventHandler { continuation.finish() }
        source.setCancelHandler { close(descriptor) }
        source.activate()
        // A stream ends for its reader when the reader's task is cancelled.
        for await _ in ends {}
        source.cancel()
    }

    private func poll(_ process: Int32) async {
        guard let started = files.startTime(ofProcess: process) else { return }
        while files.startTime(ofProcess: process) == started {
            do {
                try await Task.sleep(for: interval)
            } catch {
                return
            }
        }
    }
}
