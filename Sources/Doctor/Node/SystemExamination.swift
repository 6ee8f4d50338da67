import Host
import Vocabulary

/// The operating system, and whether the agent knows it.
struct SystemExamination: Examination {
    let system: OperatingSystem

    let isCheap = true
    var name: String {
        "system (\(KnownSystem.named(system).map { "\($0.name): " } ?? "")\(system.prettyName))"
    }

    func findings() -> [Finding] {
        guard KnownSystem.named(system) == nil else { return [] }
        return [
            Finding(
                .unknownSystem,
                seen:
                    "\(system.prettyName) (ID=\(system.id.escapedForDisplay), VERSION_ID=\(system.versionID.escapedForDisplay))"
            )
        ]
    }
}
