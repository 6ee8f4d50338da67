import CLinux
@preconcurrency import Dispatch
import Glibc

/// Signals as a stream, in place of their default effect.
package struct Signals: Sendable {
    package let arrivals: AsyncStream<CInt>

    /// Takes these signals over, for the rest of the program's life.
    ///
    /// None is lost, from this call on. A source of Dispatch's for signals begins somewhat later, and what comes before is lost: a
    /// service whose stop comes as it starts would not end.
    package init(_ numbers: [CInt]) {
        let (arrivals, continuation) = AsyncStream.makeStream(of: CInt.self)
        self.arrivals = arrivals
        let descriptor = clinux_catch_signals(numbers, CInt(numbers.count))
        // The signals keep their default effect where no descriptor is left.
        guard descriptor >= 0 else { return }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler {
            var number: UInt8 = 0
            while read(descriptor, &number, 1) == 1 { continuation.yield(CInt(number)) }
        }
        source.activate()
        // The pipe stays: a signal may come at any time.
        continuation.onTermination = { _ in source.cancel() }
    }
}
