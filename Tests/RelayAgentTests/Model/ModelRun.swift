import HTTP
import Host
import RelayNode
import RelayTestSupport
import Resources
import SystemPackage
import Vocabulary

@testable import RelayAgent

/// A promise that a sequence of steps has broken.
struct BrokenPromise: CustomStringConvertible {
    /// The index of the step after which it was seen; -1 for the first pass.
    let step: Int
    let promise: String
    let log: String

    var description: String { "\(promise), after step \(step)\n\(log)" }
}

/// Takes a node through steps, and looks at the promises after each.
struct ModelRun {
    private let world: ModelWorld
    private var agent: ModelAgent
    private var number = 0
    private var log = ""

    private init(_ files: FileSystem) throws {
        self.world = try ModelWorld(files)
        self.agent = ModelAgent(world)
    }

    /// - Returns: The first promise that the steps break; `nil` where all hold.
    static func brokenPromise(by steps: [ModelStep]) async throws -> BrokenPromise? {
        let time = ManualTime()
        let waiting = Waiting(now: { time.now }, sleep: time.source.sleep)
        return try await Waiting.$current.withValue(waiting) {
            try await withTemporaryRoot { (files) async throws in
                var run = try ModelRun(files)
                for (index, step) in ([.pass(isWhole: true)] + steps).enumerated() {
                    var promise = try await run.take(step)
                    if index == 0, promise == nil, !run.isPublished || !run.isFair {
                        promise = "the first pass makes a fair node of it"
                    }
                    if let promise { return BrokenPromise(step: index - 1, promise: promise, log: run.log) }
                }
                return nil
            }
        }
    }

    private mutating func take(_ step: ModelStep) async throws -> String? {
        number += 1
        log = ""
        switch step {
        case .pass(let isWhole): return try await pass(isWhole: isWhole)
        case .interrupted(let interruption, let count):
            return try await pass(isWhole: false, interruption, after: count)
        case .edit(let edit): try? edit.make(in: world.files, number: number)
        case .reload: try ModelServices(world: world).reloadByHand()
        case .kill(.postfix): try world.endPostfix()
        case .kill(.nginx): try world.endNginx()
        case .settings(let settings): world.change { $0.settings = settings }
        case .metadata(let isUp): world.change { $0.isMetadataUp = isUp }
        case .mirror(let isUp): world.change { $0.isMirrorUp = isUp }
        case .hold(let port):
            let state = world.now
            let taken = (state.postfix?.ports ?? []) + (state.nginx ?? [])
            if !taken.contains(port) { world.change { _ = $0.held.insert(port) } }
            try world.showSockets()
        case .free(let port):
            world.change { _ = $0.held.remove(port) }
            try world.showSockets()
        case .disk(let isFull): world.change { $0.isDiskFull = isFull }
        case .grace:
            agent.endGrace()
            log = agent.recentLog
            return neverOpen
        }
        return nil
    }

    // The promises

    private var isPublished: Bool { world.files.exists(ModelWorld.health) }

    private var neverOpen: String? {
        isPublished && world.now.postfix?.isOpen == true ? "never open: a stranger gets mail through, in service" : nil
    }

    private mutating func pass(
        isWhole: Bool,
        _ interruption: ModelStep.Interruption? = nil,
        after count: Int = 0
    ) async throws -> String? {
        let before = (isPublished: isPublished, isFair: isFair, own: ownParameters)
        let agent = agent
        let end = await agent.pass(isWhole: isWhole, interruption, after: count, number: number)
        log = agent.recentLog
        if end.isDead { self.agent = ModelAgent(world) }
        if let lost = lost(of: before.own, interruption) { return "nothing lost: \(lost) is gone from main.cf" }
        if end.isDead || end.isCancelled { return nil }
        if let broken = neverDeaf(interruption, end) { return broken }
        if let left = try leftover(), !world.now.isDiskFull, interruption != .fault {
            return "nothing lost: \(left) is left behind"
        }
        if end.wasReached { return nil }
        if isFair, !isPublished, !world.now.isDiskFull {
            if end.changes != nil { return "no false alarm: the pass was fine, and the node is out of service" }
            if before.isPublished, before.isFair { return "no false alarm: the pass took a fair node out of service" }
        }
        return end.changes == nil || !isWhole || number == 1 ? nil : await second(isWhole)
    }

    private func neverDeaf(_ interruption: ModelStep.Interruption?, _ end: ModelAgent.End) -> String? {
        // The resident agent hears of a change in the middle of a pass, and gives it its grace.
        if end.wasReached, interruption != .fault { agent.endGrace() }
        if let neverOpen { return neverOpen }
        guard !end.wasReached, isPublished, world.now.postfix?.serves != true else { return nil }
        return "never deaf: a sender is refused, in service"
    }

    /// The work that a second pass finds right after one that worked.
    private mutating func second(_ isWhole: Bool) async -> String? {
        let again = await agent.pass(isWhole: isWhole)
        log = agent.recentLog
        guard again.changes != [] else { return nil }
        return "a second pass changes nothing: \(again.changes?.joined(separator: ", ") ?? "it failed")"
    }

    /// Whether Postfix has loaded what stands there, and does just what it should, provably.
    private var isFair: Bool {
        let state = world.now
        guard let postfix = state.postfix, state.nginx != nil, world.isInstalled("postfix"), world.isInstalled("nginx"),
            world.text("/etc/postfix/main.cf") == postfix.main, world.text("/etc/postfix/master.cf") == postfix.master
        else { return false }
        let main = MainCf(postfix.main)
        let policy = ["mynetworks": "127.0.0.0/8 10.0.0.0/16", "smtpd_data_restrictions": "permit_mynetworks, reject"]
        let closed = "permit_mynetworks, reject_unauth_destination, reject"
        guard policy.allSatisfy({ main[$0.key] == $0.value }), main["smtpd_relay_restrictions"] == closed,
            main["smtpd_recipient_restrictions"]
                == "check_client_access proxy:cidr:/etc/postfix/leaving_table, \(closed)"
        else { return false }
        guard let address = try? IPAddress("10.0.1.10") else { return false }
        let doors = Doors(MasterCf(postfix.master), at: address, isProxied: false)
        return doors.unprovable.isEmpty && !postfix.isOpen && postfix.refusesEarly && postfix.serves
    }

    private var ownParameters: [String: String] {
        MainCf(world.text("/etc/postfix/main.cf") ?? "").values.filter { $0.key.hasPrefix("operator_") }
    }

    private func lost(of before: [String: String], _ interruption: ModelStep.Interruption?) -> String? {
        if interruption == .edit(.removeMain) { return nil }
        let now = ownParameters
        return before.first { now[$0.key] != $0.value }?.key
    }

    /// A file that a pass writes beside another, or to be judged, and removes again.
    private func leftover() throws -> FilePath? {
        let folders: [FilePath] = [
            "/etc/postfix", "/etc/nginx", "/etc/systemd/system", "/run/smtp-relay-agent", "/run/smtp-relay-agent/www",
            "/var/lib/smtp-relay-agent", "/var/lib/smtp-relay-agent/generations/postfix",
            "/var/lib/smtp-relay-agent/generations/nginx",
        ]
        for folder in folders {
            let names = try world.files.names(in: folder) ?? []
            if let name = names.first(where: { $0.contains(".smtp-relay-agent-") || $0.hasPrefix("staged-") }) {
                return folder.appending(name)
            }
        }
        return nil
    }
}
