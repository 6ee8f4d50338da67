package import Host
package import SystemPackage

/// Whether the units that run later can read the settings' file that `bootstrap` was given: it is named to all later passes,
/// and the units see less of the host than root's shell does.
package struct SettingsFilePlace: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// - Parameters:
    ///   - path: Absolute, and with all links followed.
    ///   - isRelay: Whether the host has the health unit, which sees least of all.
    /// - Throws: `SettingsOutOfReach`, or a `FileFailure`.
    package func check(_ path: FilePath, isRelay: Bool) throws {
        for hidden in Self.hidden + (isRelay ? Self.hiddenFromHealth : []) where path.starts(with: hidden.folder) {
            throw SettingsOutOfReach(path: path, reason: .hidden(hidden.folder, by: hidden.option))
        }
        guard isRelay else { return }
        // Without CAP_DAC_OVERRIDE, root is a user like any other.
        var place: FilePath = "/"
        for component in path.components {
            guard allows(.search, try files.attributes(at: place)) else { throw refusal(path, place) }
            place.append(component)
        }
        guard allows(.read, try files.attributes(at: path)) else { throw refusal(path, path) }
    }

    private enum Access: UInt32 {
        case read = 0o4
        case search = 0o1
    }

    private func allows(_ access: Access, _ attributes: FileAttributes) -> Bool {
        let shift: UInt32 = attributes.owner == 0 ? 6 : attributes.group == 0 ? 3 : 0
        return attributes.permissions.rawValue >> shift & access.rawValue != 0
    }

    private func refusal(_ path: FilePath, _ place: FilePath) -> SettingsOutOfReach {
        let attributes = try? files.attributes(at: place)
        return SettingsOutOfReach(path: path, reason: .closed(place, owner: attributes?.owner ?? 0))
    }

    private static let hidden: [(folder: FilePath, option: String)] = [
        ("/tmp", "PrivateTmp"), ("/var/tmp", "PrivateTmp"), ("/dev", "PrivateDevices"),
        ("/proc", "a process's own folder"),
    ]
    private static let hiddenFromHealth: [(folder: FilePath, option: String)] = [
        ("/root", "ProtectHome"), ("/home", "ProtectHome"), ("/run/user", "ProtectHome"),
    ]
}

/// A settings' file that later passes could not read.
package struct SettingsOutOfReach: Error, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case hidden(FilePath, by: String)
        /// A file or folder that its owner alone may read.
        case closed(FilePath, owner: UInt32)
    }

    package let path: FilePath
    package let reason: Reason

    package var description: String {
        switch reason {
        case .hidden(let folder, let option):
            """
            --config \(path): later passes read this file too, and the agent's units do not see \(folder) (\(option)), so the \
            node would never come into service; keep it in /etc: install -m 600 \(path) \(Self.standard)
            """
        case .closed(let place, let owner):
            """
            --config \(path): \(place) belongs to user \(owner) and is closed to root, since the agent's health unit has no \
            capability to pass over modes, so the node would never come into service; chown root \(place), or chmod \
            \(place == path ? "644" : "755") \(place)
            """
        }
    }

    private static let standard = "/etc/smtp-relay-agent/config.toml"
}
