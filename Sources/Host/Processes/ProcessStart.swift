import SystemPackage

/// What `/proc/PID/stat` says of a process (proc_pid_stat(5)); `nil` where it has ended.
extension FileSystem {
    /// When a process began, in ticks since the boot: this tells it from a later one of the same number.
    func startTime(ofProcess process: Int32) -> String? { stat(ofProcess: process)?.startTime }

    /// The name of a process's program, of which the kernel keeps fifteen characters.
    func name(ofProcess process: Int32) -> String? { stat(ofProcess: process)?.name }

    private func stat(ofProcess process: Int32) -> (name: String, startTime: String)? {
        guard let bytes = try? bytes(at: FilePath("/proc/\(process)/stat")) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self)
        // The name in parentheses may hold anything, parentheses included; what counts comes after the last one.
        guard let start = line.firstIndex(of: "("), let end = line.lastIndex(of: ")"), start < end else { return nil }
        let fields = line[line.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return (String(line[line.index(after: start)..<end]), String(fields[19]))
    }
}
