import AWS
import HTTP
import RelayTestSupport
import Testing
import Vocabulary

@testable import CloudWatch

@Suite struct LogSenderTests {
    private func texts(_ world: World) -> [String] {
        world.cloud.calls.flatMap(\.self).compactMap { line in
            line.firstRange(of: #""text":""#).map { String(line[$0.upperBound...].dropLast(2)) }
        }
    }

    @Test func theAgentsLogArrivesInAStreamOfTheInstance() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let spool = world.spool()
            world.hear("anna@example.com wrote")
            #expect(await world.sender(spool).send() == nil)
            #expect(texts(world) == ["a***@example.com wrote"])
            #expect(world.cloud.streams == ["/relay/mail i-0123456789abcdef0"])
            #expect(world.cloud.calls[0][0].contains(#""id":"agent-1440938160-0""#))
            #expect(!spool.hasNext && world.logged.texts.isEmpty)
        }
    }

    @Test func eventsAreKeptWhileTheAPIIsAwayAndSentOnceInTheirOrder() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let spool = world.spool()
            let sender = world.sender(spool)
            world.cloud.failAlways(FakeCloudWatch.failure("ThrottlingException"))
            var pauses: [Duration] = []
            for number in 1...9 {
                world.hear("\(number)")
                pauses.append(try #require(await sender.send()))
            }
            // Three quarters of 5, 10, 20 seconds and so on, since chance gives a half here.
            #expect(pauses.prefix(3) == [.milliseconds(3750), .milliseconds(7500), .seconds(15)])
            #expect(pauses.last == .seconds(225))
            #expect(world.logged.texts.count == 1)
            #expect(world.logged.texts[0].contains("warning: cloudwatch: the log can't be sent: logs:PutLogEvents"))
            world.cloud.failAlways(nil)
            #expect(await sender.send() == nil)
            #expect(texts(world) == (1...9).map(String.init))
            #expect(world.logged.texts.last?.contains("cloudwatch: the log is sent again") == true)
            #expect(await sender.send() == nil)
            #expect(world.cloud.calls.flatMap(\.self).count == 9 && spool.dropped == 0)
        }
    }

    @Test func anotherFailureIsToldToo() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let sender = world.sender(world.spool())
            world.hear("x")
            for code in ["ThrottlingException", "AccessDeniedException", "AccessDeniedException"] {
                world.cloud.fail(FakeCloudWatch.failure(code))
                #expect(await sender.send() != nil)
            }
            #expect(world.logged.texts.count == 2)
            #expect(world.logged.texts[1].contains("allow logs:PutLogEvents"))
        }
    }

    @Test func whatHasArrivedOfALargeBatchIsNotSentAgain() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let spool = world.spool()
            let sender = world.sender(spool)
            let now = Int(world.time.source.secondsSinceEpoch() * 1000)
            // A day and more apart, they need two calls.
            spool.store(
                [LogEvent(time: now - 2 * 86_400_000, message: "old"), LogEvent(time: now, message: "new")],
                as: .init(.agent, 1)
            )
            world.cloud.fail(nil, FakeCloudWatch.failure("InternalFailure"))
            #expect(await sender.send() != nil)
            #expect(world.cloud.calls == [["old"]])
            #expect(await sender.send() == nil)
            #expect(world.cloud.calls == [["old"], ["new"]] && !spool.hasNext)
        }
    }

    @Test func anAgentThatEndsLeavesItsEventsToTheNext() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            world.cloud.failAlways(FakeCloudWatch.failure("InternalFailure"))
            world.hear("before")
            #expect(await world.sender(world.spool()).send() != nil)
            world.cloud.failAlways(nil)
            world.time.advance(by: .seconds(9))
            world.hear("after")
            #expect(await world.sender(world.spool()).send() == nil)
            #expect(texts(world) == ["before", "after"])
        }
    }

    @Test func eventsThatTheAPIRefusesAreDroppedAndCounted() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let spool = world.spool()
            let sender = world.sender(spool)
            world.hear("bad")
            world.cloud.fail(FakeCloudWatch.failure("InvalidParameterException"))
            #expect(await sender.send() == nil)
            #expect(spool.dropped == 1 && !spool.hasNext)
            world.hear("expired")
            world.cloud.reject(1)
            #expect(await sender.send() == nil)
            #expect(spool.dropped == 2)
            let now = Int(world.time.source.secondsSinceEpoch() * 1000)
            spool.store([LogEvent(time: now - 15 * 86_400_000, message: "old")], as: .init(.agent, 1))
            #expect(await sender.send() == nil)
            #expect(spool.dropped == 3 && !spool.hasNext)
        }
    }

    @Test func withoutALogGroupNothingIsKept() async throws {
        try await withTemporaryRoot { files in
            let world = try World(files)
            let spool = world.spool()
            let sender = world.sender(spool)
            spool.store([LogEvent(time: 1, message: "x")], as: .init(.mail, 1))
            world.set(nil as CloudWatchSettings?)
            world.hear("early")
            #expect(await sender.send() == .milliseconds(3750))
            #expect(await sender.send() == .milliseconds(7500))
            world.set(CloudWatchSettings())
            #expect(await sender.send() == nil)
            spool.confirm(through: 1)
            #expect(!spool.hasNext && world.cloud.calls.isEmpty)
        }
    }
}
