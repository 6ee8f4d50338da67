package import Host
import SystemPackage
package import Vocabulary

extension OperatingSystem {
    /// The system's description of itself; on systems older than os-release(5), the text of /etc/system-release.
    package init(files: FileSystem) {
        for path: FilePath in ["/etc/os-release", "/usr/lib/os-release"] {
            if let bytes = try? files.bytes(at: path) {
                self.init(osRelease: String(decoding: bytes, as: UTF8.self))
                return
            }
        }
        let release = (try? files.bytes(at: "/etc/system-release")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        self.init(systemRelease: release)
    }

    /// Reads /etc/system-release, a line such as `CentOS release 6.10 (Final)`.
    package init(systemRelease text: String) {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        let ids = [("Amazon Linux", "amzn"), ("CentOS", "centos"), ("Red Hat", "rhel")]
        self.init(
            id: ids.first { line.hasPrefix($0.0) }?.1 ?? "linux",
            idLike: [],
            versionID: line.split(separator: " ").first { $0.first?.isNumber == true }.map(String.init) ?? "",
            prettyName: line.isEmpty ? "Linux" : line.escapedForDisplay
        )
    }

    /// Reads os-release(5): shell-like assignments, values quoted or not.
    package init(osRelease text: String) {
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { values[String(pair[0])] = Self.unquoted(pair[1]) }
        }
        let id = values["ID"] ?? "linux"
        self.init(
            id: id,
            idLike: (values["ID_LIKE"] ?? "").split(separator: " ").map(String.init),
            versionID: values["VERSION_ID"] ?? "",
            prettyName: (values["PRETTY_NAME"] ?? values["NAME"] ?? id).escapedForDisplay
        )
    }

    /// A value without its quotes. Between double quotes a backslash takes the meaning from what follows it.
    private static func unquoted(_ value: Substring) -> String {
        var text = value
        while text.last?.isWhitespace == true { text.removeLast() }
        guard let quote = text.first, quote == "\"" || quote == "'", text.count >= 2, text.last == quote else {
            return String(text)
        }
        var result = ""
        var isEscaped = false
        for character in text.dropFirst().dropLast() {
            if character == "\\", !isEscaped, quote == "\"" {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
