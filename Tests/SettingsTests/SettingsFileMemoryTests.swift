import RelayTestSupport
import Settings
import Testing
import Vocabulary

struct SettingsFileMemoryTests {
    private func domain(_ file: SettingsFile) throws -> (String, String?) {
        let resolved = try SettingsSources(file: file, environment: [:], flags: []).relay()
        let value = resolved.values.first { $0.key == "mail.domain" }
        return (resolved.settings.mail.domain.description, value.map { "\($0.source)" })
    }

    @Test func anotherTextAndAnotherPathAreAnotherFile() throws {
        let memory = SettingsFileMemory()
        let first = Array("mail.domain = \"a.example\"\n".utf8)
        let second = Array("\nmail.domain = \"b.example\"\n".utf8)
        #expect(try domain(memory.file(path: "/c.toml", bytes: first)) == ("a.example", "/c.toml:1:1"))
        #expect(try domain(memory.file(path: "/c.toml", bytes: second)) == ("b.example", "/c.toml:2:1"))
        #expect(try domain(memory.file(path: "/d.toml", bytes: second)) == ("b.example", "/d.toml:2:1"))
        #expect(try domain(memory.file(path: "/c.toml", bytes: first)) == ("a.example", "/c.toml:1:1"))
    }
}
