import Host
import Resources
import SystemPackage

/// Whether Postfix has room for the mail that it accepts.
struct DiskExamination: Examination {
    let name = "disk"
    let isCheap = true
    let files: FileSystem

    func findings() -> [Finding] {
        let queue = QueueDirectory.current(files)
        return files.freeSpace(at: queue).map { Self.judge($0, at: queue) } ?? []
    }

    /// - Parameter free: Bytes.
    static func judge(_ free: UInt64, at queue: FilePath) -> [Finding] {
        guard free < low else { return [] }
        return [
            Finding(
                .diskFull,
                free < least ? .critical : .warning,
                seen: "\(free >> 20) MiB are free where \(queue) is",
                why: free < least ? "Postfix and the health check refuse mail" : "Postfix will soon refuse mail",
                fix: "df -h \(queue) /var/log; du -xh --max-depth=2 /var | sort -h | tail; mailq | tail -1"
            )
        ]
    }

    /// Bytes: where the node takes itself out of service (NodeVerifier).
    private static let least: UInt64 = 64 << 20
    /// Bytes: some hundred of the largest messages that Postfix takes by default (10 MB), or a day's log.
    private static let low: UInt64 = 512 << 20
}
