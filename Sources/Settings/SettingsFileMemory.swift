import Synchronization

/// The settings' file as it was parsed last. Every pass reads it several times, and where nothing changes, to parse it anew
/// each time was a tenth of the pass's processor time.
package final class SettingsFileMemory: Sendable {
    private let last = Mutex<SettingsFile?>(nil)

    package init() {}

    /// The file with these bytes.
    package func file(path: String, bytes: [UInt8]) -> SettingsFile {
        last.withLock { last in
            if let last, last.path == path, last.text.utf8.elementsEqual(bytes) { return last }
            let file = SettingsFile(path: path, bytes: bytes)
            last = file
            return file
        }
    }
}
