import Host
import RelayNode
import SMTP
import SystemPackage

/// Tells a door that is deaf from one that is busy.
///
/// A busy Postfix lacks a process that greets. Where it greets and then says nothing, what smtpd(8) asks is dead: cleanup(8),
/// trivial-rewrite(8), a milter. Two things look the same and pass: a name server that is slow, and a wait that only a
/// stranger gets.
struct Deafness: Sendable {
    let trial: DoorTrial
    let queue: FilePath
    let files: FileSystem

    /// The number of senders that have to wait in vain, besides the first look.
    private static let tries = 2

    /// - Returns: `nil` where the door did not hang, a sender is served all the same, or Postfix waits for a name server.
    func confirmed(after failure: SMTPFailure) async throws -> DeafDoor? {
        guard failure.isHung(at: trial.door), !isAskingNameServer else { return nil }
        var last = failure
        for _ in 0..<Self.tries {
            do {
                try await trial.servesOneSender()
                return nil
            } catch let failure as SMTPFailure where failure.isHung(at: trial.door) {
                last = failure
            } catch is SMTPFailure {
                return nil
            }
            if isAskingNameServer { return nil }
        }
        return DeafDoor(last)
    }

    /// Postfix's programs wait for DNS for up to half a minute, and go on then.
    private var isAskingNameServer: Bool {
        guard let owner = try? files.attributes(at: queue.appending("active")).owner else { return false }
        return files.isAskingNameServer(user: owner)
    }

    /// The services that a node's fitness looks for: those that an operator has under other names are not judged.
    static func neededServices(in master: MasterCf?) -> [String] {
        let names = Set(master?.entries.filter { $0.type == "unix" }.map(\.service) ?? [])
        return PostfixFitness.neededServices.filter(names.contains)
    }
}

extension SMTPFailure {
    /// Whether the server took up the conversation and then said nothing in time.
    func isHung(at door: Door) -> Bool {
        guard case .timedOut(let command) = reason, command != "the connection" else { return false }
        // postscreen(8) greets by itself, and its first command may wait for an smtpd process.
        return !(door.isScreened && command.hasPrefix("EHLO"))
    }
}
