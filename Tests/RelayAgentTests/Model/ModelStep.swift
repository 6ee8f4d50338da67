import RelayTestSupport

/// An event of a node, as a value that can be written down as Swift.
enum ModelStep: Sendable, Equatable, CustomStringConvertible {
    /// The agent looks at the host alone, or at everything.
    case pass(isWhole: Bool)
    /// A pass, and what happens in its middle: after so many of its effects.
    case interrupted(Interruption, after: Int)
    case edit(ModelEdit)
    /// Somebody has Postfix load its files.
    case reload
    /// A service's main process is killed.
    case kill(ModelVictim)
    case settings(ModelSettings)
    case metadata(isUp: Bool)
    case mirror(isUp: Bool)
    /// Another program listens on a port, or ends.
    case hold(UInt16)
    case free(UInt16)
    case disk(isFull: Bool)
    /// The grace after a change has passed.
    case grace

    enum Interruption: Sendable, Equatable {
        /// The pass is told to end.
        case cancel
        /// The agent is killed.
        case crash
        /// The disk takes one thing less.
        case fault
        /// The grace after a change passes.
        case grace
        case reload
        case edit(ModelEdit)
    }

    var description: String {
        switch self {
        case .pass(let isWhole): ".pass(isWhole: \(isWhole))"
        case .interrupted(.edit(let edit), let count): ".interrupted(.edit(.\(edit)), after: \(count))"
        case .interrupted(let interruption, let count): ".interrupted(.\(interruption), after: \(count))"
        case .edit(let edit): ".edit(.\(edit))"
        case .reload: ".reload"
        case .kill(let victim): ".kill(.\(victim))"
        case .settings(let settings): ".settings(.\(settings))"
        case .metadata(let isUp): ".metadata(isUp: \(isUp))"
        case .mirror(let isUp): ".mirror(isUp: \(isUp))"
        case .hold(let port): ".hold(\(port))"
        case .free(let port): ".free(\(port))"
        case .disk(let isFull): ".disk(isFull: \(isFull))"
        case .grace: ".grace"
        }
    }

    /// Some steps that belong together: most edits are loaded at once, and the next pass may be late.
    static func random(_ chance: inout Chance) -> [ModelStep] {
        switch chance.below(20) {
        case 0..<3: [.pass(isWhole: chance.below(3) == 0)]
        case 3..<7: [.interrupted(.random(&chance), after: 1 + chance.below(40))]
        case 7..<13:
            [.edit(chance.pick(ModelEdit.allCases))] + (chance.below(3) > 0 ? [.reload] : [])
                + (chance.below(2) == 0 ? [.grace] : [])
        case 13: [.kill(chance.pick([.postfix, .nginx]))]
        case 14..<16:
            [.settings(chance.pick(ModelSettings.allCases))] + (chance.below(2) == 0 ? [.pass(isWhole: true)] : [])
        case 16: [.metadata(isUp: chance.below(2) == 0), .pass(isWhole: true)]
        case 17: [.mirror(isUp: chance.below(2) == 0)]
        case 18: [chance.below(2) == 0 ? .hold(chance.pick([587, 8088])) : .free(chance.pick([587, 8088]))]
        default: [.disk(isFull: chance.below(3) == 0)]
        }
    }
}

extension ModelStep.Interruption {
    fileprivate static func random(_ chance: inout Chance) -> Self {
        switch chance.below(6) {
        case 0: .cancel
        case 1: .crash
        case 2: .fault
        case 3: .grace
        case 4: .reload
        default: .edit(chance.pick(ModelEdit.allCases))
        }
    }
}

enum ModelVictim: String, Sendable { case postfix, nginx }

/// The text of the settings' file.
enum ModelSettings: String, Sendable, CaseIterable {
    case standard, submission, otherHealthPort, broken

    var text: String {
        let base = "[mail]\ndomain = \"example.com\"\n"
        return switch self {
        case .standard: base
        case .submission: base + "submission = true\n"
        case .otherHealthPort: base + "[health]\nport = 8088\n"
        case .broken: "[mail\n"
        }
    }
}

/// An edit of a file by somebody else.
enum ModelEdit: String, Sendable, CaseIterable {
    // main.cf
    case openNetworks, narrowNetworks, openRestrictions, openData, refuseAll, hardening, ownParameter, removeMain
    // master.cf
    case openOverride, openBraces, openPort, deadDoor, ownFilter, harmlessDoor, loopbackOnly, garbage, removeMaster
    // Other files of the agent's.
    case nginx, removeNginx, unit, healthFile, removeHealthFile
    // Packages
    case removePostfixPackage, removeNginxPackage
}
