import Host
import Resources
import Signer
import Synchronization

/// The results that the worker has not told its first process yet: it never waits for that one.
final class PendingResults: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    private let offer: @Sendable ([UInt8]) -> Int

    /// - Parameter offer: Hands bytes over without waiting, and returns how many were taken.
    init(offer: @escaping @Sendable ([UInt8]) -> Int = WorkerMessages.offer) { self.offer = offer }

    func tell(_ outcome: MilterOutcome) { tell(outcome.result) }

    func tell(_ result: SignerCounts.Result) {
        bytes.withLock { bytes in
            bytes.append(result.rawValue)
            bytes.removeFirst(offer(bytes))
        }
    }
}

extension MilterOutcome {
    fileprivate var result: SignerCounts.Result {
        switch self {
        case .signed: .signed
        case .leftUnsigned: .signedBefore
        case .noKey: .noKey
        case .refused: .refused
        case .notSigned(.headersTooLarge): .headersTooLarge
        case .notSigned: .keyFailed
        case .protocolViolated: .protocolError
        }
    }
}
