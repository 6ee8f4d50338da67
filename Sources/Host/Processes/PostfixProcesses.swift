package import SystemPackage

/// Postfix's processes, as far as they show the configuration that it runs with.
package struct PostfixProcesses: Sendable, Equatable {
    /// The master's number and start.
    package let master: String
    /// The queue manager's number; `nil` for a moment after a start or a reload.
    package let queueManager: Int32?
    /// The queue manager's number and start. A reload ends it and starts another, so each is a load of the configuration.
    package let load: String?
    /// Whether the master was stopped by a signal, so that it starts no more processes.
    package let isMasterStopped: Bool
    /// The number of processes that speak SMTP with clients, without those that were stopped.
    package let speaking: Int

    /// - Parameter queue: Postfix's queue_directory.
    /// - Returns: `nil` where no master runs.
    package static func current(queue: FilePath, files: FileSystem) -> PostfixProcesses? {
        guard let (process, master) = master(queue: queue, files: files) else { return nil }
        var manager: (Int32, ProcessStat)?
        var speaking = 0
        for child in files.children(ofProcess: process) {
            guard let stat = files.processStat(child) else { continue }
            if queueManagers.contains(stat.name) { manager = (child, stat) }
            if speakers.contains(stat.name), !stopped.contains(stat.state) { speaking += 1 }
        }
        return PostfixProcesses(
            master: "\(process) \(master.startTime)",
            queueManager: manager?.0,
            load: manager.map { "\($0.0) \($0.1.startTime)" },
            isMasterStopped: stopped.contains(master.state),
            speaking: speaking
        )
    }

    /// The folder of settings that the running master was started with, as `postfix start` hands it over (postfix(1), MAIL_CONFIG).
    ///
    /// - Returns: `nil` where no master runs, or that can't be told.
    package static func settings(queue: FilePath, files: FileSystem) -> FilePath? {
        guard let process = master(queue: queue, files: files)?.process,
            let bytes = try? files.bytes(at: FilePath("/proc/\(process)/environ"))
        else { return nil }
        let name = "MAIL_CONFIG="
        let found = bytes.split(separator: 0).first { $0.starts(with: name.utf8) }
        return found.map { FilePath(String(decoding: $0.dropFirst(name.utf8.count), as: UTF8.self)) }
    }

    /// The processes that a signal has stopped, so that no mail is received.
    package struct Stopped: Sendable, Equatable {
        package var isMaster = false
        /// The programs that take part in receiving mail, and whose processes were all stopped. The master starts no others
        /// beside them, since it takes them for idle.
        ///
        /// Empty where the kernel lists no children: looking at every process costs too much to be done all the time.
        package var programs: Set<String> = []
    }

    /// The programs of the master's processes, as far as they were looked at: a process keeps its program.
    package struct KnownPrograms: Sendable {
        fileprivate var names: [Int32: String] = [:]

        package init() {}
    }

    /// The stopped ones, by as few looks as that takes: a busy relay has a hundred processes that speak SMTP, and one of them that
    /// runs says enough.
    ///
    /// - Parameter known: What the last look has seen.
    package static func stopped(queue: FilePath, files: FileSystem, known: inout KnownPrograms) -> Stopped {
        guard let (process, master) = master(queue: queue, files: files) else { return Stopped() }
        guard !stopped.contains(master.state) else { return Stopped(isMaster: true) }
        var running: Set<String> = []
        var result = Stopped()
        var names: [Int32: String] = [:]
        for child in files.listedChildren(ofProcess: process) ?? [] {
            if let name = known.names[child], !receivers.contains(name) || running.contains(name) {
                names[child] = name
                continue
            }
            guard let stat = files.processStat(child) else { continue }
            names[child] = stat.name
            guard receivers.contains(stat.name) else { continue }
            if signalled.contains(stat.state) { result.programs.insert(stat.name) } else { running.insert(stat.name) }
        }
        known.names = names
        result.programs.subtract(running)
        return result
    }

    /// Whether the master, or a process of its, was stopped by a signal.
    package static func isAnyStopped(queue: FilePath, files: FileSystem) -> Bool {
        guard let (process, stat) = master(queue: queue, files: files) else { return false }
        return signalled.contains(stat.state)
            || files.children(ofProcess: process).contains { child in
                files.processStat(child).map { signalled.contains($0.state) } ?? false
            }
    }

    /// Whether a master runs that the pid file of a queue names, such as one of a further instance.
    package static func isMasterNamed(in queue: FilePath, files: FileSystem) -> Bool {
        namedMaster(queue: queue, files: files) != nil
    }

    /// The master of the host's own instance, where it runs.
    ///
    /// systemd removes the pid file of a unit that has ended, also where another master has written it since. A master holds a
    /// lock all its life (master(8), master.lock in data_directory), which tells it as well.
    private static func master(queue: FilePath, files: FileSystem) -> (process: Int32, stat: ProcessStat)? {
        if let named = namedMaster(queue: queue, files: files) { return named }
        for process in FileLocks(files: files).processes(holding: [lock]) {
            if let stat = living(process, files) { return (process, stat) }
        }
        return nil
    }

    private static func namedMaster(queue: FilePath, files: FileSystem) -> (process: Int32, stat: ProcessStat)? {
        let bytes = (try? files.bytes(at: queue.appending("pid/master.pid"), limit: 64)) ?? []
        guard let process = Int32(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)) else { return nil }
        return living(process, files).map { (process, $0) }
    }

    private static func living(_ process: Int32, _ files: FileSystem) -> ProcessStat? {
        files.processStat(process).flatMap { $0.name == "master" && $0.state != "Z" ? $0 : nil }
    }

    private static let lock: FilePath = "/var/lib/postfix/master.lock"

    private static let queueManagers: Set = ["qmgr", "nqmgr", "oqmgr"]
    private static let speakers: Set = ["smtpd", "postscreen"]
    /// The programs that smtpd(8) needs to take a message, and smtpd itself.
    private static let receivers = speakers.union(["cleanup", "trivial-rewrite", "proxymap"])
    private static let signalled: Set<Character> = ["T", "t"]
    private static let stopped: Set<Character> = ["T", "t", "Z", "X"]
}
