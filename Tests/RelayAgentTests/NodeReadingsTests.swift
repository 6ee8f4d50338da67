import CloudWatch
import RelayTestSupport
import Reports
import Resources
import Testing
import Vocabulary

@testable import RelayAgent

struct NodeReadingsTests {
    @Test func theStatusBecomesTheValuesOfTheMetrics() {
        var status = NodeStatus()
        let empty = NodeReadings(status, isHealthy: false, mail: nil, start: 990, now: 1000)
        #expect(
            empty
                == NodeReadings(
                    isHealthy: false,
                    lastSuccessAge: 10,
                    queueMessages: 0,
                    oldestDeferred: 0,
                    messagesLeft: 0
                )
        )
        status.lastSuccessAt = 940
        var queue = PostfixQueue.Counts()
        (queue.active, queue.deferred, queue.hold, queue.maildrop, queue.oldestDeferred) = (1, 2, 4, 8, 100)
        status.queue = queue
        let counts = MailTotals(sent: 3)
        #expect(
            NodeReadings(status, isHealthy: true, mail: counts, start: 990, now: 1000)
                == NodeReadings(
                    isHealthy: true,
                    lastSuccessAge: 60,
                    queueMessages: 15,
                    oldestDeferred: 900,
                    messagesLeft: 0,
                    mail: counts
                )
        )
    }

    @Test func nodesOfAStackShareTheirMetrics() throws {
        var facts = try exampleFacts()
        facts.tags = [:]
        #expect(CloudWatchSettings().group(of: facts) == facts.vpcID)
        facts.tags["aws:cloudformation:stack-name"] = "tagged"
        #expect(CloudWatchSettings().group(of: facts) == "tagged")
        facts.tags["aws:autoscaling:groupName"] = "group"
        #expect(CloudWatchSettings().group(of: facts) == "group")
        let arn = "arn:aws:cloudformation:eu-central-1:123456789012:stack/relays/0123"
        for name in ["relays", arn] {
            #expect(CloudWatchSettings(stack: try StackName(name)).group(of: facts) == "relays")
        }
    }
}
