package import Host
package import Reconcile
package import SystemPackage

/// The health check's answer of a leaving node: always 503.
package struct WithdrawnHealth: Resource {
    package let name = "health"

    private let file: FilePath
    private let files: FileSystem

    /// - Parameter file: The file that nginx serves while the node is healthy.
    package init(file: FilePath, files: FileSystem) {
        self.file = file
        self.files = files
    }

    package func check() -> Check {
        guard files.exists(file) else { return .inSync }
        return .drifted(
            Drift([Change(.service, "answer the health check with 503")]) { try files.remove(file) }
        )
    }
}
