package import Settings
package import Vocabulary

extension SettingsSources {
    /// The settings in force of a relay with these tags.
    package func relay(tags: [String: String] = [:]) throws -> ResolvedSettings<NodeSettings> {
        guard case .relay(let settings) = try read(tags: tags).inForce() else { throw NotOfThisRole() }
        return settings
    }
}

private struct NotOfThisRole: Error {}
