package import Host
package import RelayNode
package import SystemPackage

/// The Postfix of a host that sends: main.cf with its relayhost. All else of it is the operator's, mode and owner too.
package struct SenderPostfixService: ServiceConfiguration {
    package let service = ServiceName("postfix")
    package let paths = files
    /// The files that are the agent's to write.
    package static let files = [PostfixService.mainCf]

    private let wanted: SenderPostfix
    private let runner: any CommandRunner
    private let files: FileSystem

    package init(_ wanted: SenderPostfix, runner: any CommandRunner, files: FileSystem) {
        self.wanted = wanted
        self.runner = runner
        self.files = files
    }

    package func attributes(of path: FilePath, found: FileAttributes?) -> FileAttributes { found ?? FileAttributes() }

    package func desired(from current: [FilePath: String]) throws -> [FilePath: String] {
        guard let text = current[PostfixService.mainCf] else { throw NoMainCf(path: PostfixService.mainCf) }
        return [PostfixService.mainCf: wanted.mainCf(from: text)]
    }

    package func action(from current: [FilePath: String], to desired: [FilePath: String]) -> ServiceAction {
        current == desired ? .none : .reload
    }

    package func validate(_ candidate: [FilePath: [UInt8]]) async throws {
        let postfix = PostfixCandidate(runner: runner, files: files, levelSetting: "sender.outbound_level")
        try await postfix.judge(candidate.map { ($0.key, $0.value, FileAttributes()) }) { staged in
            try await postfix.understood(in: staged, as: wanted.effective)
        }
    }

    /// Whether it takes mail from others is the operator's affair, and so is whether it answers at any port.
    package func probe() async throws {
        try await Patience.untilAnswering { _ = try await runner.runChecked(Command("postfix", ["status"])) }
    }
}

/// The host has no main.cf to set the relayhost in. The agent does not make one: the rest of a sender's Postfix is the
/// operator's.
package struct NoMainCf: Error, CustomStringConvertible {
    package let path: FilePath

    package var description: String {
        """
        \(path) is not there, or is no plain file, so the relayhost can't be set in it; bring it back as Postfix's package \
        has it ('rpm -qV postfix', 'yum reinstall postfix'), and run 'smtp-relay-agent reconcile'
        """
    }
}
