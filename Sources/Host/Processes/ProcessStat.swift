import SystemPackage

/// The fields of `/proc/PID/stat` of a process (proc_pid_stat(5)).
struct ProcessStat {
    /// The name of its program. The kernel keeps fifteen characters of it.
    let name: String
    /// `S` for sleeping, `T` for stopped, `Z` for ended and not yet buried.
    let state: Character
    let parent: Int32
    /// When it began, in ticks since the boot: this tells it from a later one of the same number.
    let startTime: String
}

extension FileSystem {
    func startTime(ofProcess process: Int32) -> String? { living(process)?.startTime }

    func name(ofProcess process: Int32) -> String? { living(process)?.name }

    private func living(_ process: Int32) -> ProcessStat? {
        processStat(process).flatMap { $0.state == "Z" ? nil : $0 }
    }

    /// `nil` where there is no such process.
    func processStat(_ process: Int32) -> ProcessStat? {
        guard let bytes = try? bytes(at: FilePath("/proc/\(process)/stat")) else { return nil }
        // The name in parentheses may hold anything, parentheses included; what counts comes after the last one.
        guard let start = bytes.firstIndex(of: UInt8(ascii: "(")), let end = bytes.lastIndex(of: UInt8(ascii: ")")),
            start < end
        else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 20)
        func field(_ number: Int) -> String { String(decoding: fields[number], as: UTF8.self) }
        guard fields.count > 19, let state = field(0).first, let parent = Int32(field(1)) else { return nil }
        return ProcessStat(
            name: String(decoding: bytes[(start + 1)..<end], as: UTF8.self),
            state: state,
            parent: parent,
            startTime: field(19)
        )
    }

    /// The processes that one has started; `nil` where the kernel keeps no list of them (CONFIG_PROC_CHILDREN).
    func listedChildren(ofProcess process: Int32) -> [Int32]? {
        guard let bytes = try? bytes(at: FilePath("/proc/\(process)/task/\(process)/children")) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
    }

    /// The processes that one has started, by the kernel's list, or else by looking at all.
    func children(ofProcess process: Int32) -> [Int32] {
        if let listed = listedChildren(ofProcess: process) { return listed }
        let all = ((try? names(in: "/proc")) ?? []).compactMap { Int32($0) }
        return all.filter { processStat($0)?.parent == process }
    }
}
