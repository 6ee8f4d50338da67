/// A message that could not be signed.
package enum SigningFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case headersTooLarge
    case notSigned(String)

    package var description: String {
        switch self {
        case .headersTooLarge:
            "the message has more than \(HeldHeaders.countLimit) headers to sign, or more than 1 MiB of them; "
                + "its sender has to send fewer"
        case .notSigned(let reason): "the private key did not sign: \(reason.onOneLine)"
        }
    }
}
