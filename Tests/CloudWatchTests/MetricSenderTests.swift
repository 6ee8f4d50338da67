import AWS
import HTTP
import RelayTestSupport
import Testing
import Vocabulary

@testable import CloudWatch

@Suite struct MetricSenderTests {
    private func readings(_ mail: MailTotals?) -> NodeReadings {
        NodeReadings(
            isHealthy: true,
            lastSuccessAge: 61,
            queueMessages: 5,
            oldestDeferred: 900,
            messagesLeft: 0,
            mail: mail
        )
    }

    private func value(_ name: String, _ world: World) -> Int? {
        world.cloud.puts.last?.data.first { $0.name == name }?.value
    }

    @Test func aGroupHasADozenMetrics() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            world.set(readings(MailTotals(sent: 7)))
            await world.metrics(world.spool()).send()
            let put = try #require(world.cloud.puts.first)
            #expect(
                Set(put.data.map(\.name)) == [
                    "Healthy", "QueueMessages", "OldestDeferred", "MessagesLeft", "DroppedEvents", "LastSuccessAge",
                    "Accepted", "Sent", "Deferred", "Bounced", "Expired", "Rejected",
                ]
            )
            #expect(put.data.count == 12)
            #expect(put.dimension == MetricDimension(name: "Group", value: "relays"))
            #expect(put.namespace == "SMTPRelay")
            // The minute's beginning.
            #expect(put.time == 1_440_938_160 && put.time % 60 == 0)
        }
    }

    @Test func countsAreThoseSinceTheLastTimeAlsoOverRestartsAndFailures() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let spool = world.spool()
            let first = world.metrics(spool)
            world.set(readings(MailTotals(sent: 7, rejected: 1)))
            await first.send()
            // CloudWatch gets only counts of events after the first time.
            #expect(value("Sent", world) == 0)
            world.set(readings(MailTotals(sent: 9, rejected: 1)))
            spool.drop(3)
            world.cloud.fail(FakeCloudWatch.failure("ThrottlingException"))
            await first.send()
            #expect(world.cloud.puts.count == 1 && world.logged.texts.count == 1)
            let second = world.metrics(world.spool())
            await second.send()
            #expect(value("Sent", world) == 2 && value("Rejected", world) == 0 && value("DroppedEvents", world) == 3)
            await second.send()
            #expect(value("Sent", world) == 0 && value("DroppedEvents", world) == 0)
            // A count that has begun anew.
            world.set(readings(MailTotals(sent: 4)))
            await second.send()
            #expect(value("Sent", world) == 4)
        }
    }

    @Test func theStateOfANodeIsInTheSumOfAMinuteOnce() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            world.set(readings(MailTotals(sent: 7)))
            await world.metrics(world.spool()).send()
            // Another agent in the same minute.
            world.set(readings(MailTotals(sent: 9)))
            let second = world.metrics(world.spool())
            await second.send()
            #expect(value("Healthy", world) == nil && value("QueueMessages", world) == nil)
            #expect(value("Sent", world) == 2 && value("MessagesLeft", world) == 0)
            try await world.time.source.sleep(.seconds(60))
            await second.send()
            #expect(value("Healthy", world) == 1 && value("Sent", world) == 0)
        }
    }

    @Test func withoutAFollowerOrANamespaceLessIsSent() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let metrics = world.metrics(world.spool())
            await metrics.send()
            #expect(world.cloud.puts.isEmpty)
            world.set(readings(nil))
            await metrics.send()
            #expect(world.cloud.puts.last?.data.count == 6)
            world.set(CloudWatchSettings())
            await metrics.send()
            #expect(world.cloud.puts.count == 1)
        }
    }
}
