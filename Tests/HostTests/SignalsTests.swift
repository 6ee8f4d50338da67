import Glibc
import Host
import Testing

/// A signal has one taker in a process, so each test has signals of its own.
struct SignalsTests {
    @Test(.timeLimit(.minutes(1))) func aSignalRightAfterTheBeginningIsNotLost() async {
        for _ in 0..<20 {
            let signals = Signals([SIGUSR2])
            #expect(kill(getpid(), SIGUSR2) == 0)
            var arrivals = signals.arrivals.makeAsyncIterator()
            #expect(await arrivals.next() == SIGUSR2)
        }
    }

    @Test(.timeLimit(.minutes(1))) func eachSignalTellsItsNumber() async {
        let signals = Signals([SIGURG, SIGWINCH])
        var arrivals = signals.arrivals.makeAsyncIterator()
        for number in [SIGWINCH, SIGURG, SIGWINCH] {
            #expect(kill(getpid(), number) == 0)
            #expect(await arrivals.next() == number)
        }
    }
}
