import Reports
import SystemPackage

/// The content of a baked image, and the things that were removed from it: for the pipeline's log.
package struct BakeReport: Sendable, CustomStringConvertible {
    let packages: [String]
    let units: [String]
    /// The files in the folder of the settings.
    let settings: [FilePath]
    /// Keys that all instances of the image will share.
    let sharedKeys: [FilePath]
    let cleared: [MachineTraces.Trace]
    /// The traces that stay since somebody uses them, such as those who run this.
    let inUse: [String]

    package var description: String {
        var lines = ["In this image:"]
        lines.append("  packages   \(packages.joined(separator: ", "))")
        lines.append("  program    \(Installation.program), version \(AgentVersion.current)")
        lines.append("  units      \(units.joined(separator: ", ")): not enabled")
        lines.append("  services   postfix, nginx: stopped and not enabled, as their packages configure them")
        let names = settings.map(\.string)
        lines.append("  settings   \(names.isEmpty ? "none; user-data brings them" : names.joined(separator: ", "))")
        for key in sharedKeys {
            lines.append("  a key      \(key), made by a package: all instances will have the same")
        }
        for path in inUse {
            lines.append("  in use     \(path): remove it after this, if it is not to be in the image")
        }
        lines.append("Taken out of it:")
        for trace in cleared {
            for path in trace.removed { lines.append("  removed    \(path) (\(trace.name))") }
            for path in trace.emptied { lines.append("  emptied    \(path) (\(trace.name))") }
        }
        if cleared.isEmpty { lines.append("  nothing: it was clean") }
        return lines.joined(separator: "\n") + "\n"
    }
}
