import Vocabulary

/// Where a setting's value came from.
package enum ValueSource: Sendable, Equatable, CustomStringConvertible {
    /// `--set KEY=VALUE`.
    case flag(key: String)
    case environment(variable: String)
    /// A variable or flag that `bootstrap` was given.
    case launch(variable: String)
    case tag(String)
    case file(path: String, line: Int, column: Int)
    case standard

    package var description: String {
        switch self {
        case .flag(let key): "flag --set \(key.escapedForDisplay)"
        case .environment(let variable): "environment \(variable.escapedForDisplay)"
        case .launch(let variable): "\(LaunchEnvironment.path): \(variable.escapedForDisplay)"
        case .tag(let name): "tag \(name.escapedForDisplay)"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .standard: "default"
        }
    }
}
