/// The id that Postfix gives a message in its queue: it stands before what a program says of it.
///
/// A short id is a number in upper-case hexadecimal digits. A long one (`enable_long_queue_ids`) is written with digits and
/// consonants alone (Postfix's mail_queue.h).
package struct QueueID: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// `nil` where a text is no queue id.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard (Self.isShort(bytes) || Self.isLong(bytes)) else { return nil }
        self.description = String(text)
    }

    private static func isShort(_ bytes: some Collection<UInt8>) -> Bool {
        (5...32).contains(bytes.count) && bytes.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x46).contains($0) }
    }

    private static func isLong(_ bytes: some Collection<UInt8>) -> Bool {
        (10...32).contains(bytes.count) && bytes.contains(UInt8(ascii: "z")) && bytes.allSatisfy(longDigits.contains)
    }

    private static let longDigits = Set("0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz".utf8)
}
