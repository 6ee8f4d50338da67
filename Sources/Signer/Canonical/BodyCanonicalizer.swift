/// Brings a body into its canonical form, piece by piece, in constant memory (RFC 6376, sections 3.4.3 and 3.4.4).
///
/// The pieces may end anywhere, also between CR and LF. A line ends with CRLF or with a bare LF: Postfix keeps a body as
/// lines and sends CRLF for each of them, so a bare LF never reaches the receiver. A bare CR is an ordinary byte: Postfix
/// sends it on as it is.
struct BodyCanonicalizer {
    /// Takes the canonical form, piece by piece.
    typealias Sink = (UnsafeRawBufferPointer) -> Void

    private let form: Canonicalization
    private var output: [UInt8] = []

    /// Line ends that count only if more than empty lines follows.
    private var pendingLineEnds = 0
    private var hasPendingSpace = false
    private var hasPendingCarriageReturn = false
    private var isEmpty = true

    /// The output is handed over in pieces of this size at most, to keep the memory constant.
    private static let pieceSize = 8192

    init(_ form: Canonicalization) {
        self.form = form
        output.reserveCapacity(Self.pieceSize)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer, into sink: Sink) {
        for byte in bytes {
            if hasPendingCarriageReturn {
                hasPendingCarriageReturn = false
                if byte == .lineFeed {
                    endLine()
                    continue
                }
                putOrdinary(.carriageReturn, sink)
            }
            switch byte {
            case .carriageReturn: hasPendingCarriageReturn = true
            case .lineFeed: endLine()
            case .space where form == .relaxed, .tab where form == .relaxed: hasPendingSpace = true
            default: putOrdinary(byte, sink)
            }
        }
    }

    /// Ends the body: its last line gets the CRLF that it lacks, and empty lines at its end vanish.
    mutating func finish(into sink: Sink) {
        if hasPendingCarriageReturn { putOrdinary(.carriageReturn, sink) }
        if !isEmpty || form == .simple { putLineEnd(sink) }
        flush(sink)
    }

    private mutating func endLine() {
        hasPendingSpace = false
        pendingLineEnds += 1
    }

    private mutating func putOrdinary(_ byte: UInt8, _ sink: Sink) {
        while pendingLineEnds > 0 {
            putLineEnd(sink)
            pendingLineEnds -= 1
        }
        if hasPendingSpace {
            put(.space, sink)
            hasPendingSpace = false
        }
        isEmpty = false
        put(byte, sink)
    }

    private mutating func putLineEnd(_ sink: Sink) {
        put(.carriageReturn, sink)
        put(.lineFeed, sink)
    }

    private mutating func put(_ byte: UInt8, _ sink: Sink) {
        output.append(byte)
        if output.count == Self.pieceSize { flush(sink) }
    }

    private mutating func flush(_ sink: Sink) {
        output.withUnsafeBytes(sink)
        output.removeAll(keepingCapacity: true)
    }
}
