import AWS
import HTTP
import RelayTestSupport
import Synchronization
import Testing
import Vocabulary

@testable import CloudWatch

@Suite struct CloudWatchExportTests {
    /// Time in which short waits are over at once, and long ones never, with the number of waits.
    private final class ShortWaits: Sendable {
        let count = Mutex(0)
        let base: TimeSource

        init(_ base: TimeSource) { self.base = base }

        var source: TimeSource {
            var source = base
            source.sleep = { duration in
                self.count.withLock { $0 += 1 }
                if duration > .seconds(5) || duration < .seconds(5) { try await Task.sleep(for: .seconds(3600)) }
            }
            return source
        }
    }

    /// Waits for what another task does.
    private func wait(until isDone: () -> Bool) async throws {
        for _ in 0..<500 where !isDone() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(isDone())
    }

    @Test func batchesOfTheMailLogAreSentOnceConfirmed() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let time = ShortWaits(world.time.source)
            let export = world.export(world.spool(), time: time.source)
            let run = Task { await export.run() }
            #expect(export.store(try world.events(1, 2), batch: 1))
            #expect(export.store(try world.events(1, 2, 3), batch: 1))
            #expect(export.store(try world.events(4), batch: 2))
            export.confirm(through: 1)
            try await wait { !world.cloud.calls.isEmpty }
            #expect(world.cloud.calls.flatMap(\.self).count == 3)
            #expect(world.cloud.calls[0][0].contains(#""id":"mail-1-0","event":"removed","queue_id":"01234561""#))
            export.confirm(through: 2)
            try await wait { world.cloud.calls.flatMap(\.self).count == 4 }
            world.hear("x")
            try await wait { world.cloud.calls.flatMap(\.self).count == 5 }
            // Nothing waits, so nothing wakes.
            let waits = time.count.withLock { $0 }
            try await Task.sleep(for: .milliseconds(200))
            #expect(time.count.withLock { $0 } == waits)
            run.cancel()
            await run.value
        }
    }

    @Test func beforeTheSettingsAreKnownABatchIsNotSettled() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let spool = world.spool()
            let export = world.export(spool)
            world.set(nil as CloudWatchSettings?)
            #expect(!export.store(try world.events(1), batch: 1))
            // A batch that nobody wants is.
            world.set(CloudWatchSettings())
            #expect(export.store(try world.events(1), batch: 1))
            #expect(spool.newest(.mail) == nil)
        }
    }

    @Test func aNodeThatLeavesSendsTheRest() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let export = world.export(world.spool())
            world.set(
                NodeReadings(isHealthy: false, lastSuccessAge: 1, queueMessages: 2, oldestDeferred: 0, messagesLeft: 2)
            )
            #expect(export.store(try world.events(1), batch: 1))
            export.confirm(through: 1)
            world.hear("left")
            await export.finish()
            #expect(world.cloud.calls.flatMap(\.self).count == 2)
            #expect(world.cloud.puts.first?.data.first { $0.name == "MessagesLeft" }?.value == 2)
        }
    }
}
