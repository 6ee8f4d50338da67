import Host
import Resources
import SystemPackage

/// The mark of a node that was never in service, and does not come into service while receivers can't verify its signatures.
///
/// It lasts over a boot, since Postfix and the health unit start before the agent.
struct HeldBack: Sendable {
    let files: FileSystem

    private static let path = SigningKeyRing.folder.appending("unverifiable")

    func hold() throws {
        guard !files.exists(Self.path) else { return }
        try files.createDirectory(SigningKeyRing.folder.removingLastComponent())
        try files.createDirectory(SigningKeyRing.folder, permissions: .onlyOwner)
        try files.replace(Self.path, with: [], attributes: FileAttributes())
    }

    func release() throws {
        if files.exists(Self.path) { try files.remove(Self.path) }
    }

    /// - Throws: `NodeIsHeldBack`.
    func check() throws {
        if files.exists(Self.path) { throw NodeIsHeldBack() }
    }
}

/// The health check of the node may not say 200 yet.
struct NodeIsHeldBack: Error, CustomStringConvertible {
    var description: String {
        """
        receivers can't verify the mail that this node signs, so its health check still answers 503; \
        'smtp-relay-agent status' says which DNS record is missing
        """
    }
}
