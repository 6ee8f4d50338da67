import MailLogs

extension MailLog {
    /// The number of deliveries in the last hour; 0 where the log can't be read.
    func delivered() async -> Int { (try? await read()).map { MailLogDigest($0.entries).sent } ?? 0 }
}
