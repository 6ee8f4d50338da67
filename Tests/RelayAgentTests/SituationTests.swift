import RelayTestSupport
import Settings
import Testing
import Vocabulary

@testable import RelayAgent

/// Settings are read and resolved once for each pass.
struct SituationTests {
    @Test(arguments: [true, false]) func aPassReadsItsSettingsOnce(isWhole: Bool) async throws {
        try await withTemporaryRoot { (files) async throws in
            let world = try ModelWorld(files)
            let agent = ModelAgent(world)
            // The first pass starts the health unit, a process of its own, which reads them as well.
            #expect(await agent.pass(isWhole: true).changes != nil)
            for _ in 1...2 {
                let before = world.now.readings
                #expect(await agent.pass(isWhole: isWhole).changes != nil)
                #expect(world.now.readings == before + 1)
            }
        }
    }

    @Test func settingsAreResolvedAnewOnlyForOtherTags() {
        let text = "[mail]\ndomain = \"example.com\"\n"
        let sources = SettingsSources(file: SettingsFile(path: "/c.toml", text: text), environment: [:], flags: [])
        let tags = ["smtp-relay:submission": "true"]
        let settings = SettingsInForce(sources, knownTags: tags)
        for (given, isOn) in [(tags, true), ([:], false)] {
            guard case .relay(let resolved)? = try? settings.reading(tags: given).inForce() else {
                Issue.record("the settings are right")
                continue
            }
            #expect(resolved.settings.mail.submission == isOn)
        }
        // Settings that stand in go by the tags of their own time.
        let kept = SettingsInForce(sources.kept(tags: tags))
        guard case .relay(let resolved)? = try? kept.reading(tags: [:]).inForce() else { return }
        #expect(resolved.settings.mail.submission)
        #expect(kept.kept(tags: [:]) == nil)
    }
}
