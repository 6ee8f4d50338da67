import SystemPackage

/// The fields of `/proc/PID/stat` of a process (proc_pid_stat(5)).
struct ProcessStat {
    /// The name of its program. The kernel keeps fifteen characters of it.
    let name: String
    /// `S` for sleeping, `T` for stopped, `Z` for ended and not yet buried.
    let state: Character
    /// The fields from the state on. They stay bytes, since most looks at many processes need no more than the state.
    private let fields: ArraySlice<UInt8>

    /// - Parameter bytes: What the file holds.
    init?(_ bytes: [UInt8]) {
        // The name in parentheses may hold anything, parentheses included; what counts comes after the last one.
        guard let start = bytes.firstIndex(of: UInt8(ascii: "(")), let end = bytes.lastIndex(of: UInt8(ascii: ")")),
            start < end
        else { return nil }
        name = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
        fields = bytes[(end + 1)...].drop { $0 == Self.space }
        let spaces = fields.count { $0 == Self.space }
        guard let state = fields.first, spaces >= Self.startTimeField else { return nil }
        self.state = Character(Unicode.Scalar(state))
    }

    private static let space = UInt8(ascii: " ")
    private static let startTimeField = 19

    var parent: Int32? { Int32(field(1)) }

    /// When it began, in ticks since the boot: this tells it from a later one of the same number.
    var startTime: String { field(Self.startTimeField) }

    private func field(_ number: Int) -> String {
        let parts = fields.split(separator: Self.space, maxSplits: number + 1, omittingEmptySubsequences: false)
        return String(decoding: parts[number], as: UTF8.self)
    }
}

extension FileSystem {
    func startTime(ofProcess process: Int32) -> String? { living(process)?.startTime }

    func name(ofProcess process: Int32) -> String? { living(process)?.name }

    private func living(_ process: Int32) -> ProcessStat? {
        processStat(process).flatMap { $0.state == "Z" ? nil : $0 }
    }

    /// `nil` where there is no such process.
    func processStat(_ process: Int32) -> ProcessStat? {
        (try? bytes(at: FilePath("/proc/\(process)/stat"))).flatMap(ProcessStat.init)
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
