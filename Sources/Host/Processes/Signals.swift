@preconcurrency import Dispatch
import Glibc

/// Signals as a stream, in place of their default effect.
package struct Signals: Sendable {
    package let arrivals: AsyncStream<CInt>

    /// Takes these signals over, for the rest of the program's life.
    package init(_ numbers: [CInt]) {
        let (arrivals, continuation) = AsyncStream.makeStream(of: CInt.self)
        let sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.activate()
            return source
        }
        continuation.onTermination = { _ in for source in sources { source.cancel() } }
        self.arrivals = arrivals
    }
}
