import CLinux
import Dispatch
import Glibc
import SystemPackage

/// Tells when a process ends that is not a child of this one.
package struct ProcessEnd: Sendable {
    private let files: FileSystem
    /// How often an older kernel is asked.
    private let interval: Duration
    private let usesDescriptors: Bool

    /// - Parameter usesDescriptors: Whether to use pidfd_open(2), which kernels have from 5.3 on.
    package init(files: FileSystem = FileSystem(), interval: Duration = .seconds(1), usesDescriptors: Bool = true) {
        self.files = files
        self.interval = interval
        self.usesDescriptors = usesDescriptors
    }

    /// Returns when the process has ended; at once where there is none. Cancelling ends the wait too.
    package func wait(for process: Int32) async {
        let descriptor = usesDescriptors ? clinux_pidfd_open(process) : -1
        if descriptor >= 0 {
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
        guard let started = startTime(of: process) else { return }
        while startTime(of: process) == started {
            do {
                try await Task.sleep(for: interval)
            } catch {
                return
            }
        }
    }

    /// When a process began, in ticks since the boot: this tells it from a later one of the same number (proc_pid_stat(5)).
    private func startTime(of process: Int32) -> String? {
        guard let bytes = try? files.bytes(at: FilePath("/proc/\(process)/stat")) else { return nil }
        // The name in parentheses may hold anything, parentheses included; what counts comes after the last one.
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }
}
