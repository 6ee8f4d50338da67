import Host
import Vocabulary

/// Which operating system this is, and whether it is one that the agent knows.
struct SystemExamination: Examination {
    let system: OperatingSystem

    var name: String {
        "system (\(KnownSystem.named(system).map { "\($0.name): " } ?? "")\(system.prettyName))"
    }

    func findings() -> [Finding] {
        guard KnownSystem.named(system) == nil else { return [] }
        return [
            Finding(
                .info,
                "unknown-system",
                seen:
                    "\(system.prettyName) (ID=\(system.id.escapedForDisplay), VERSION_ID=\(system.versionID.escapedForDisplay))",
                why: "nobody has tried the agent there: it goes by what the system has, and that may not be enough",
                fix: "nothing, where mail flows; the README lists the systems that are known"
            )
        ]
    }
}
