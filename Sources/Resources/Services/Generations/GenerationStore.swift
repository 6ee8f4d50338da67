package import Host
import RelayNode
package import SystemPackage

/// The generations of a service's files that are kept on the disk: the newest proven one, the one that is wanted or
/// running, and a few that were rejected.
///
/// Each is one file, and each change of one is one rename. So a pass may be killed anywhere, and a full disk keeps no
/// verdict from being given.
package struct GenerationStore {
    private static let state: FilePath = "/var/lib/smtp-relay-agent"
    private static let rejectedLimit = 3

    let directory: FilePath
    private let paths: [FilePath]
    private let files: FileSystem
    private let former: FormerStores

    init(service: ServiceName, paths: [FilePath], files: FileSystem) {
        self.directory = Self.directory(of: service)
        self.paths = paths
        self.files = files
        self.former = FormerStores(state: Self.state, service: service, paths: paths, files: files)
    }

    /// The folder of a service's generations.
    package static func directory(of service: ServiceName) -> FilePath {
        state.appending("generations").appending(service.description)
    }

    /// The bytes of a service's file as they were last proven; `nil` where they never were, or that can't be read.
    package static func provenBytes(of path: FilePath, by service: ServiceName, files: FileSystem) -> [UInt8]? {
        let proven = try? GenerationStore(service: service, paths: [path], files: files).proven()
        return proven?.bytes[path]
    }

    // Reading

    /// The newest proven one.
    func proven() throws -> Generation? {
        try newest(of: .proven) ?? former.proven()
    }

    /// The generation that the last pass left without a verdict.
    func unfinished() throws -> Generation? { try newest(of: .wanted) }

    /// The rejected ones, the newest first.
    func rejected() throws -> [Generation] {
        try names().filter { $0.verdict == .rejected }.reversed().compactMap(generation)
    }

    /// The action that the service still needs after a pass that was ended; `nil` where there is none.
    func pendingAction() throws -> ServiceAction? {
        let names = try names().filter { $0.verdict == .wanted || $0.pending != .none }
        return try names.map(\.pending).max() ?? former.pendingAction()
    }

    private func newest(of verdict: Generation.Verdict) throws -> Generation? {
        try names().last { $0.verdict == verdict }.flatMap(generation)
    }

    /// The names of the generations, the oldest first.
    private func names() throws -> [Generation.Name] {
        try (files.names(in: directory) ?? []).compactMap(Generation.Name.init).sorted { $0.number < $1.number }
    }

    private func generation(_ name: Generation.Name) throws -> Generation? {
        let path = directory.appending(name.description)
        guard let file = try files.file(at: path), var generation = Generation(name, file.bytes) else { return nil }
        if generation.verdict == .rejected, generation.failure == nil {
            // The disk had no space for more than the verdict.
            let time = files.modificationTime(of: path) ?? 0
            generation.failure = Generation.Failure(tries: 1, time: time, reason: "", circumstances: "")
        }
        return generation
    }

    // Writing

    /// Writes down a change before the first of its files is written.
    func begin(
        _ files: [FilePath: FileState],
        before: [FilePath: FileState],
        action: ServiceAction,
        failure: Generation.Failure?
    ) throws -> Generation {
        let generation = Generation(
            number: try nextNumber(),
            verdict: .wanted,
            // A change that needs no reload is under way as well.
            pending: action,
            files: files,
            before: before,
            failure: failure
        )
        try write(generation)
        try drop { $0.number != generation.number && [.wanted, .running].contains($0.verdict) }
        return generation
    }

    /// Gives a generation another verdict, or clears its pending action.
    func give(
        _ generation: Generation,
        _ verdict: Generation.Verdict,
        pending: ServiceAction = .none
    ) throws -> Generation {
        var next = generation
        next.verdict = verdict
        next.pending = pending
        if next.name != generation.name {
            try files.rename(
                directory.appending(generation.name.description),
                to: directory.appending(next.name.description)
            )
        }
        return next
    }

    /// Records that the service has taken up its files.
    func settle() throws {
        for name in try names() where name.verdict == .wanted || name.pending != .none {
            let verdict = name.verdict == .wanted ? .running : name.verdict
            let settled = Generation.Name(number: name.number, verdict: verdict, pending: .none)
            try files.rename(directory.appending(name.description), to: directory.appending(settled.description))
        }
        let newest = try names().last { $0.verdict == .running }?.number
        try drop { $0.verdict == .running && $0.number != newest }
        try former.finish()
    }

    /// Records the failure of a rejected generation, in place of the record of former tries of the same files.
    func note(_ failure: Generation.Failure, of generation: Generation) throws {
        var generation = generation
        generation.failure = failure
        try write(generation)
        let old = try rejected().filter { $0.number != generation.number }
        let same = old.filter { $0.bytes == generation.bytes }.map(\.number)
        let surplus = old.filter { !same.contains($0.number) }.dropFirst(Self.rejectedLimit - 1).map(\.number)
        try drop { $0.verdict == .rejected && (same + surplus).contains($0.number) }
    }

    /// Nothing was changed after all.
    func forget(_ generation: Generation) throws {
        try files.remove(directory.appending(generation.name.description))
    }

    /// Keeps files with which everything was seen at work, and lets go of what that makes out of date.
    func prove(_ states: [FilePath: FileState]) throws {
        if let proven = try newest(of: .proven), proven.files == states {
            return try drop { $0.verdict == .running }
        }
        let running = try newest(of: .running)
        let proven: Generation
        if let running, running.files == states {
            proven = try give(running, .proven)
        } else {
            proven = Generation(number: try nextNumber(), verdict: .proven, files: states)
            try write(proven)
        }
        let same = try rejected().filter { $0.bytes == proven.bytes }.map(\.number)
        try drop { name in
            guard name.number != proven.number else { return false }
            return name.verdict == .proven || name.verdict == .running || same.contains(name.number)
        }
        try former.remove()
    }

    private func nextNumber() throws -> Int { (try names().last?.number ?? 0) + 1 }

    private func write(_ generation: Generation) throws {
        try files.createDirectory(directory, permissions: FilePermissions(rawValue: 0o700))
        try files.replace(
            directory.appending(generation.name.description),
            with: try generation.encoded(),
            attributes: FileAttributes(permissions: .ownerReadWrite)
        )
    }

    private func drop(_ isUnwanted: (Generation.Name) -> Bool) throws {
        for name in try names() where isUnwanted(name) { try files.remove(directory.appending(name.description)) }
    }
}
