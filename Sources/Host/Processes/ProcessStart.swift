import SystemPackage

extension FileSystem {
    /// When a process began, in ticks since the boot: this tells it from a later one of the same number
    /// (proc_pid_stat(5)). `nil` where it has ended.
    func startTime(ofProcess process: Int32) -> String? {
        guard let bytes = try? bytes(at: FilePath("/proc/\(process)/stat")) else { return nil }
        // The name in parentheses may hold anything, parentheses included; what counts comes after the last one.
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }
}
