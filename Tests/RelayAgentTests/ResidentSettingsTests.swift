import Testing
import Vocabulary

@testable import RelayAgent

struct ResidentSettingsTests {
    private func settings(_ change: (inout NodeSettings) -> Void) throws -> NodeSettings {
        var settings = NodeSettings(
            mail: NodeSettings.Mail(domain: try DomainName("example.com")),
            health: NodeSettings.Health(),
            loadBalancer: NodeSettings.LoadBalancer(),
            metadata: NodeSettings.Metadata(),
            packages: NodeSettings.Packages()
        )
        change(&settings)
        return settings
    }

    /// A day is what each of them may be set to.
    @Test func noPassThatKeepsToItsSettingsIsTakenForHanging() throws {
        let day = Duration.seconds(86400)
        let changes: [(inout NodeSettings) -> Void] = [
            { $0.metadata.timeout = day }, { $0.packages.timeout = day }, { $0.loadBalancer.timeout = day },
            { $0.shutdown.drainTimeout = day },
        ]
        for change in changes { #expect(ResidentSettings(try settings(change)).longestPass > day) }
        // Something that hangs is seen all the same.
        #expect(ResidentSettings(try settings { _ in }).longestPass < .seconds(3600))
    }
}
