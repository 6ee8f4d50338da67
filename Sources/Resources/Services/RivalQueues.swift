import Host
import SystemPackage

/// The mail in the own queues of sendmail and exim. Postfix does not read them, so mail that is left in them is never
/// tried again.
struct RivalQueues: Sendable {
    let runner: any CommandRunner
    let files: FileSystem

    private struct Queue: Sendable {
        let folder: FilePath
        /// The start or end of the name of a message's own file.
        let prefix: String
        let suffix: String
        /// The programs that may run the queue, with their arguments.
        let programs: [FilePath]
        let arguments: [String]
    }

    // The local submission's queue comes first: its mail goes into the other.
    private static let queues = [
        Queue(
            folder: "/var/spool/clientmqueue",
            prefix: "qf",
            suffix: "",
            programs: sendmail,
            arguments: ["-Ac", "-q"]
        ),
        Queue(folder: "/var/spool/mqueue", prefix: "qf", suffix: "", programs: sendmail, arguments: ["-q"]),
        Queue(folder: "/var/spool/exim/input", prefix: "", suffix: "-H", programs: exim, arguments: ["-qff"]),
        Queue(folder: "/var/spool/exim4/input", prefix: "", suffix: "-H", programs: exim, arguments: ["-qff"]),
    ]
    /// The name of sendmail that alternatives(8) does not give to Postfix.
    private static let sendmail: [FilePath] = ["/usr/sbin/sendmail.sendmail", "/usr/libexec/sendmail-mta/sendmail"]
    private static let exim: [FilePath] = ["/usr/sbin/exim", "/usr/sbin/exim4"]
    /// The time for each queue: mail that can be delivered at all goes in seconds.
    private static let patience: Duration = .seconds(30)

    /// Makes each queue with mail try it once. Mail that can't be tried stays, and `remainders` reports it.
    func flush() async {
        for queue in Self.queues where count(queue) > 0 {
            guard let program = program(of: queue) else { continue }
            _ = try? await runner.run(Command(program.string, queue.arguments, timeout: Self.patience))
        }
    }

    /// The mail that is left, in words.
    func remainders() -> [String] {
        Self.queues.compactMap { queue in
            let count = count(queue)
            guard count > 0 else { return nil }
            let command = ([program(of: queue)?.string ?? "sendmail"] + queue.arguments).joined(separator: " ")
            return """
                \(count == 1 ? "1 message is" : "\(count) messages are") left in \(queue.folder), which Postfix does not read: \
                '\(command)' tries again to deliver what is there
                """
        }
    }

    private func program(of queue: Queue) -> FilePath? { queue.programs.first(where: files.isExecutable) }

    private func count(_ queue: Queue) -> Int {
        let messages = (try? files.plainFiles(below: queue.folder)) ?? []
        return messages.filter { path in
            guard let name = path.lastComponent?.string else { return false }
            return name.hasPrefix(queue.prefix) && name.hasSuffix(queue.suffix)
        }.count
    }
}
