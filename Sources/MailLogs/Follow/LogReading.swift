/// A part of the mail log that was read on.
struct LogReading: Sendable, Equatable {
    /// The lines of Postfix's programs, without the self-test's conversations.
    var entries: [MailLogEntry] = []
    /// The place behind them; `nil` where nothing new was there.
    var position: MailLogPosition?
    /// Whether more is there to be read at once.
    var isCut = false
}
