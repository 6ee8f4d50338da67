import AgentLog
import Facts
import Host
import Logging
import Testing

@testable import RelayAgent

struct AnnouncementsTests {
    @Test(arguments: [(nil, 5), (false, 5), (true, 10)])
    func aSpotInstanceIsLookedAtTwiceAsOften(isOnDemand: Bool?, seconds: Int) {
        let host = HostAccess.fake(files: FileSystem())
        let gatherer = Gatherer(
            sources: { fatalError("nobody asks for settings") },
            aws: AWSAccess(environment: [:], transport: host.transport),
            files: host.files,
            log: StepLog(Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        )
        if let isOnDemand {
            var notices = InstanceNotices()
            notices.isOnDemand = isOnDemand
            gatherer.memory.notices = notices
        }
        #expect(gatherer.pauseBetweenLooks == .seconds(seconds))
    }
}
