import RelayTestSupport
import Testing
import Vocabulary

@testable import RelayAgent

struct ResidentSettingsTests {
    /// A day is what each of them may be set to.
    @Test func noPassThatKeepsToItsSettingsIsTakenForHanging() throws {
        let day = Duration.seconds(86400)
        let changes: [(inout NodeSettings) -> Void] = [
            { $0.metadata.timeout = day }, { $0.packages.timeout = day }, { $0.loadBalancer.timeout = day },
            { $0.shutdown.drainTimeout = day },
        ]
        for change in changes { #expect(ResidentSettings(try exampleSettings(change)).longestPass > day) }
        // Something that hangs is seen all the same.
        #expect(ResidentSettings(try exampleSettings()).longestPass < .seconds(3600))
    }
}
