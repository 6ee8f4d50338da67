import Host
import SystemPackage

/// The traces of people in their homes: keys, passwords, and what they did.
struct HomeTraces {
    let files: FileSystem
    let homes: [FilePath]

    /// The keys that open this machine and others, and the hosts that were visited. Settings of ssh stay.
    func sshKeys() throws -> [FilePath] {
        try entries(of: ".ssh") { !["config", "environment", "rc"].contains($0) }
    }

    var credentials: [FilePath] { homes.flatMap { home in Self.credentials.map { home.appending($0) } } }

    /// By their usual names: `.bash_history`, `.python_history`, `.lesshst`, `.viminfo`.
    func histories() throws -> [FilePath] {
        let plain = try entries(of: "") { name in
            let name = name.lowercased()
            return name.hasPrefix(".") && (name.contains("history") || Self.records.contains(name))
        }
        return plain + homes.flatMap { home in Self.deeper.map { home.appending($0) } }
    }

    private func entries(of folder: String, where matches: (String) -> Bool) throws -> [FilePath] {
        try homes.flatMap { home in
            let folder = folder.isEmpty ? home : home.appending(folder)
            return try (files.names(in: folder) ?? []).filter(matches).sorted().map { folder.appending($0) }
        }
    }

    private static let credentials = [
        ".aws", ".azure", ".boto", ".config/gcloud", ".config/gh", ".config/git/credentials", ".config/rclone",
        ".docker",
        ".git-credentials", ".gnupg", ".kube", ".my.cnf", ".mylogin.cnf", ".netrc", ".npmrc", ".passwd-s3fs", ".pgpass",
        ".pypirc", ".s3cfg", ".vault-token",
    ]
    private static let records: Set = [
        ".lesshst", ".histfile", ".octave_hist", ".viminfo", ".wget-hsts", ".xauthority", ".cache",
    ]
    private static let deeper = [
        ".local/share/fish/fish_history", ".local/share/recently-used.xbel", ".local/state/less/history",
        ".vim/.netrwhist",
        ".local/state/python_history", ".local/share/nano", ".config/procps",
    ]
}
