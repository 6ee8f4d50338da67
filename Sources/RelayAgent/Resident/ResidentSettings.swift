import RelayNode
import Resources
import SystemPackage
import Units
import Vocabulary

/// The settings of a resident agent between its passes, in either role.
struct ResidentSettings: Sendable {
    /// When the host is looked at again.
    let reconcile: NodeSettings.Reconcile
    /// The files whose change calls for a pass.
    let watched: [FilePath]
    /// The folders of which every file's change calls for a pass: what an operator writes beside the agent's files is
    /// loaded and proven as well.
    let watchedWhole: [FilePath]
    /// The way to leave when the system goes down; `nil` where there is nothing to leave.
    let shutdown: NodeSettings.Shutdown?
    /// `[cloudwatch]`; `nil` before any settings are known.
    let cloudWatch: CloudWatchSettings?
    /// A pass that takes longer hangs: all that it may wait for is over by then.
    let longestPass: Duration

    /// For another pass's lock, and for what has a limit of its own.
    private static let otherWaits: Duration = .seconds(1500)

    /// Before any settings are known.
    init() {
        self.reconcile = NodeSettings.Reconcile()
        self.watched = Self.filesOfRelay
        self.watchedWhole = [LoadedConfiguration.folder]
        self.shutdown = NodeSettings.Shutdown()
        self.cloudWatch = nil
        self.longestPass = Self.otherWaits
    }

    init(_ settings: NodeSettings) {
        self.reconcile = settings.reconcile
        self.watched =
            Self.filesOfRelay + [Self.passwordFile(settings)].compactMap(\.self) + Self.keyFiles(settings)
        self.watchedWhole = [LoadedConfiguration.folder]
        self.shutdown = settings.shutdown
        self.cloudWatch = settings.cloudWatch
        self.longestPass =
            Self.otherWaits + settings.metadata.timeout + settings.packages.timeout + settings.loadBalancer.timeout
            + settings.shutdown.drainTimeout
    }

    init(_ settings: SenderSettings) {
        self.reconcile = settings.reconcile
        self.watched = SenderPostfixService.files + (Units.ofSender + Units.ofSenderOnSystemV).map(UnitFiles.path)
        self.watchedWhole = []
        self.shutdown = nil
        self.cloudWatch = CloudWatchSettings()
        self.longestPass = Self.otherWaits + settings.packages.timeout
    }

    private static func passwordFile(_ settings: NodeSettings) -> FilePath? {
        guard case .file(let path) = settings.mail.upstream?.login?.password else { return nil }
        return FilePath(path.description)
    }

    private static func keyFiles(_ settings: NodeSettings) -> [FilePath] {
        settings.mail.dkim.compactMap { key in
            if case .file(let path) = key.place { FilePath(path.description) } else { nil }
        }
    }

    private static let filesOfRelay =
        PostfixService.files + NginxService.files + Units.everywhere.map(UnitFiles.path) + [
            FilePath(NginxConfiguration.healthFile), OwnFolders.served,
        ]
}
