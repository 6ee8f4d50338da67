/// The version, actions and protocol options that a mail server offers, or a filter chooses (`SMFIC_OPTNEG`).
///
/// Postfix 2.6 and later speak version 6 unless `milter_protocol` says otherwise, Postfix 2.3 to 2.5 speak version 2.
package struct MilterNegotiation: Sendable, Equatable {
    package let version: UInt32
    package let actions: UInt32
    package let options: MilterOptions

    package init(version: UInt32, actions: UInt32, options: MilterOptions) {
        self.version = version
        self.actions = actions
        self.options = options
    }

    /// `SMFIF_ADDHDRS`, which covers both adding and inserting.
    package static let addHeaders: UInt32 = 0x01

    /// The answer: only the events that signing needs, and no round trip where none is needed.
    ///
    /// - Throws: `MilterFailure`.
    func answer() throws(MilterFailure) -> MilterNegotiation {
        guard version >= 2 else { throw .version(version) }
        guard actions & Self.addHeaders != 0 else { throw .noHeaders }
        return MilterNegotiation(
            version: min(version, 6),
            actions: Self.addHeaders,
            options: options.intersection(.wanted)
        )
    }
}

/// The protocol options, with their values of `libmilter/mfdef.h`.
package struct MilterOptions: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let noHELO = Self(rawValue: 0x02)
    package static let noRecipients = Self(rawValue: 0x08)
    package static let noEndOfHeaders = Self(rawValue: 0x40)
    package static let noReplyToHeader = Self(rawValue: 0x80)
    package static let noUnknown = Self(rawValue: 0x100)
    package static let noData = Self(rawValue: 0x200)
    package static let noReplyToConnect = Self(rawValue: 0x1000)
    package static let noReplyToHello = Self(rawValue: 0x2000)
    package static let noReplyToBody = Self(rawValue: 0x80000)

    /// The envelope's sender, the headers and the body are needed, and the client and its greeting for policies that ask
    /// for them.
    static let wanted: Self = [
        .noReplyToHello, .noRecipients, .noEndOfHeaders, .noReplyToHeader, .noUnknown, .noData, .noReplyToConnect,
        .noReplyToBody,
    ]
}
