import Glibc
import SystemPackage
import Vocabulary

/// The lines by which yum and dnf keep packages out of reach (yum.conf(5), dnf.conf(5), yum-versionlock.conf(5)).
struct PackageExcludes {
    let files: FileSystem

    private static let main: [FilePath] = ["/etc/dnf/dnf.conf", "/etc/yum.conf", "/etc/yum/yum.conf"]
    private static let repositories: FilePath = "/etc/yum.repos.d"
    private static let keys = ["exclude", "excludepkgs"]

    /// The lines that exclude a package from all repositories, each with its file: `/etc/dnf/dnf.conf: excludepkgs=nginx*`.
    func lines(excluding package: String) -> [String] { lines(excluding: package, in: Self.main) + locks(on: package) }

    /// The lines that exclude a package from one repository. Another one may still have it.
    func linesOfRepositories(excluding package: String) -> [String] {
        let names = (try? files.names(in: Self.repositories)) ?? nil
        let paths = (names ?? []).filter { $0.hasSuffix(".repo") }.sorted().map(Self.repositories.appending)
        return lines(excluding: package, in: paths)
    }

    private func lines(excluding package: String, in paths: [FilePath]) -> [String] {
        var found: [String] = []
        // One of the names is a link to the other on some systems.
        var seen: Set<[UInt8]> = []
        for path in paths {
            guard let bytes = try? files.bytes(at: path), seen.insert(bytes).inserted else { continue }
            for section in Self.sections(String(decoding: bytes, as: UTF8.self)) where section.isEnabled {
                for (key, value) in section.values where Self.keys.contains(key) {
                    let patterns = value.split { $0 == "," || $0.isWhitespace }
                    for pattern in patterns where Self.matches(pattern, package) {
                        found.append("\(path): \(key)=\(pattern)".escapedForDisplay)
                    }
                }
            }
        }
        return found
    }

    /// The lines of the plugin that locks versions: all others count as excluded.
    private func locks(on package: String) -> [String] {
        Self.lists.flatMap { path in
            let text = String(decoding: (try? files.bytes(at: path)) ?? [], as: UTF8.self)
            return text.split(whereSeparator: \.isNewline).filter { line in
                let pattern = line.drop { $0 == "!" || $0.isNumber || $0 == ":" }
                return Self.matches(pattern, package)
                    || pattern.hasPrefix("\(package)-")
                        && pattern.dropFirst(package.count + 1)
                            .first?.isNumber == true
            }.map { "\(path): \($0)".escapedForDisplay }
        }
    }

    private static let lists: [FilePath] = [
        "/etc/dnf/plugins/versionlock.list", "/etc/yum/pluginconf.d/versionlock.list",
    ]

    private struct Section {
        var values: [(key: String, value: String)] = []

        var isEnabled: Bool {
            let word = values.last { $0.key == "enabled" }?.value.lowercased()
            return !["0", "no", "false", "off"].contains(word)
        }
    }

    /// An INI file's sections. A line that begins with a blank continues the one before.
    private static func sections(_ text: String) -> [Section] {
        var sections = [Section()]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") && !line.hasPrefix(";") {
            let last = sections.count - 1
            if line.hasPrefix("[") {
                sections.append(Section())
            } else if line.first?.isWhitespace == true, let value = sections[last].values.popLast() {
                sections[last].values.append((value.key, "\(value.value) \(line)"))
            } else if let equals = line.firstIndex(of: "=") {
                let key = line[..<equals].filter { !$0.isWhitespace }
                let value = line[line.index(after: equals)...].drop(while: \.isWhitespace)
                sections[last].values.append((key, String(value)))
            }
        }
        return sections
    }

    /// Whether a pattern is of a package, by its name or by its name with version and architecture.
    private static func matches(_ pattern: Substring, _ package: String) -> Bool {
        let names = [package, "\(package).x86_64", "\(package)-1.2.3-4.el8.x86_64"]
        return names.contains { (name: String) in fnmatch(String(pattern), name, 0) == 0 }
    }
}
