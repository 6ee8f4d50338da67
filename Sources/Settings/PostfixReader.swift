import RelayNode
import Vocabulary

extension ValueReader {
    /// `[postfix]` of all sources: of several with the same parameter, the strongest counts.
    ///
    /// - Parameter mail: The other settings, which may ask for a parameter.
    func parameters(beside mail: NodeSettings.Mail) -> [OperatorParameter] {
        var parameters: [OperatorParameter] = []
        for (raw, source) in rawParameters() {
            let key = "\(SettingKey.postfix.name).\(raw.name)"
            if let refusal = PostfixConfiguration.refusal(of: raw.name, beside: mail) {
                problems.append(.unwanted(key, in: source, refusal))
                continue
            }
            do throws(InvalidValue) {
                parameters.append(try OperatorParameter(raw.name, raw.value, place: "\(source)"))
            } catch {
                problems.append(.invalid(key.escapedForDisplay, in: source, error))
            }
        }
        return parameters
    }
}

extension SettingEntries {
    /// The parameters in force, in the order of the sources, and the place of each.
    var parameters: [(raw: RawParameter, source: ValueSource)] {
        var names: Set<String> = []
        var found: [(RawParameter, ValueSource)] = []
        for entry in all where entry.key == .postfix {
            guard case .parameters(let parameters) = entry.value else { continue }
            for raw in parameters where names.insert(raw.name).inserted {
                found.append((raw, entry.source.at(raw.position)))
            }
        }
        return found
    }
}

extension ValueSource {
    /// The place of one line of the source.
    fileprivate func at(_ position: TOMLPosition?) -> ValueSource {
        guard case .file(let path, _, _) = self, let position else { return self }
        return .file(path: path, line: position.line, column: position.column)
    }
}
