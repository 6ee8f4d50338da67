/// The settings of delivery, under Postfix's own names (postconf(5)); a value of `nil` leaves Postfix's default.
package struct DeliverySettings: Sendable, Equatable {
    /// `message_size_limit`, in bytes; 0 for none.
    package var messageSizeLimit: Int?
    /// `maximal_queue_lifetime`: how long a message is tried.
    package var maximalQueueLifetime: PostfixTime?
    /// `bounce_queue_lifetime`: how long a non-delivery report is.
    package var bounceQueueLifetime: PostfixTime?
    /// `default_destination_concurrency_limit`: connections to one destination; 0 for as many as there are messages.
    package var destinationConcurrencyLimit: Int?
    /// `default_destination_rate_delay`: between two messages to one destination.
    package var destinationRateDelay: PostfixTime?
    /// Whether what names internal hosts is taken out of the headers of mail that goes out.
    package var hidesInternalHeaders = false

    package init() {}
}

/// A time as Postfix writes it: a number and its unit, which is not the same for all parameters where it is left out.
package struct PostfixTime: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        guard text.last?.isNumber == false, Self.seconds(inMainCf: text) != nil else {
            throw InvalidValue(text, expected: "a time of at most 100 days, such as 30s, 5m, 4h, 5d or 1w")
        }
        self.description = String(text)
    }

    /// The seconds of a time in main.cf, where a number alone has this unit; `nil` where the text is no time, or is
    /// longer than Postfix keeps a message.
    package static func seconds(inMainCf text: some StringProtocol) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard digits.utf8.allSatisfy(\.isDigit), let number = Int(digits),
            number <= longest / (unit ?? 1)
        else { return nil }
        return number * (unit ?? 1)
    }

    /// Seconds: the longest that a message may be in Postfix's queue.
    private static let longest = 100 * 86400
}
