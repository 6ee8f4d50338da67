import Synchronization

/// The settings' file as it was parsed last. Every pass reads it several times, and where nothing changes, to parse it anew
/// each time was a tenth of the pass's processor time.
package final class SettingsFileMemory: Sendable {
    private let last = Mutex<SettingsFile?>(nil)

    package init() {}

    /// The file with this text.
    package func file(path: String, text: String) -> SettingsFile {
        last.withLock { last in
            if let last, last.path == path, last.text == text { return last }
            let file = SettingsFile(path: path, text: text)
            last = file
            return file
        }
    }
}
