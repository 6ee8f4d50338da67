import AgentLog
import Host
import RelayNode
import Resources
import SystemPackage

/// The way back of the configuration files: each becomes what it was before the agent's first change, with what others
/// have written into it since.
struct FilesBefore: Sendable {
    let traces: AgentTraces
    let log: StepLog

    private var files: FileSystem { traces.files }

    /// Copies the files of which it can't be told what is the agent's. The passes of a node that leaves may still undo edits,
    /// so this comes first.
    ///
    /// - Returns: The copies.
    func keepCopies() throws -> [FilePath] {
        var copies: [FilePath] = []
        for path in [PostfixService.mainCf, PostfixService.masterCf, NginxService.configuration] {
            let state = try files.state(of: path)
            // Where nothing stood there before, a file of the agent's goes as a whole.
            let original = try originalFile(ConfiguredService.original(of: path))?.bytes
            let isOwn = PostfixTable.isOwn(FileText(state.bytes).string)
            guard state.hasText, original != nil || isOwn,
                restoration(of: path, state.bytes, original ?? [])?.isUnclear == true
            else { continue }
            let copy = ConfiguredService.copy(of: path)
            try files.replace(copy, with: state.bytes, attributes: state.attributes)
            log.done("files", "copy \(path), edited by somebody where it was the agent's, to \(copy)", after: .zero)
            copies.append(copy)
        }
        return copies
    }

    func restore() throws {
        for (path, original) in traces.originals {
            guard let file = try originalFile(original) else { continue }
            let state = try files.state(of: path)
            let bytes =
                state.hasText
                ? restoration(of: path, state.bytes, file.bytes).map { FileText(state.bytes).encode($0.text) } : nil
            // Where nobody else has written anything, the encoding is no matter.
            let restored = bytes.flatMap { FileText($0) == FileText(file.bytes) ? nil : $0 }
            try files.replaceThroughLinks(path, with: restored ?? file.bytes, attributes: file.attributes)
            try files.remove(original)
            let others = restored == nil ? "" : ", with what others have written there since"
            log.done("files", "restore \(path)\(others)", after: .zero)
        }
    }

    private func originalFile(_ path: FilePath) throws -> FileSnapshot? {
        try files.file(at: path).flatMap { $0.isRegular ? $0 : nil }
    }

    /// `nil` for a file that has nothing but the agent's text, or nothing of it.
    private func restoration(of path: FilePath, _ current: [UInt8], _ original: [UInt8]) -> Restoration? {
        let texts = (current: FileText(current).string, original: FileText(original).string)
        func written(_ service: String) -> String? {
            GenerationStore.provenBytes(of: path, by: ServiceName(service), files: files).map { FileText($0).string }
        }
        switch path {
        case PostfixService.mainCf:
            return Restoration(
                mainCf: texts.current,
                original: texts.original,
                written: written("postfix"),
                isRelay: traces.isOfRelay
            )
        case PostfixService.masterCf:
            return Restoration(masterCf: texts.current, original: texts.original, written: written("postfix"))
        case NginxService.configuration:
            return Restoration(whole: texts.current, original: texts.original, written: written("nginx"))
        default: return nil
        }
    }
}
