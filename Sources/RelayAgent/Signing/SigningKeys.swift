import AWS
import AgentLog
import Host
import Resources
import Signer
import SystemPackage
import Vocabulary

/// The DKIM keys that the settings name, wherever they are.
struct SigningKeys: Sendable {
    let files: FileSystem
    let log: StepLog
    private let reads = ParameterReads()
    private let publications: KeyPublications

    init(files: FileSystem, log: StepLog) {
        self.files = files
        self.log = log
        self.publications = KeyPublications(files: files)
    }

    /// The keys for the signer; `nil` where mail is neither signed nor checked.
    ///
    /// A key that can't be read is the one that the signer has, where it has one of the same place: a slip in a rotation
    /// leaves the relay at work. So does a new key that receivers can't verify yet: those that they can go on.
    ///
    /// - Parameter keeps: Whether the answers of DNS are kept for later processes.
    /// - Throws: A `StepFailure` of the settings.
    func choice(_ situation: Situation, _ request: PassRequest, keeps: Bool) async throws -> SigningKeyChoice? {
        let mail = situation.settings.mail
        guard mail.usesSigner else { return nil }
        let current = SigningKeyRing.file(files).read()?.entries ?? []
        var entries: [SigningKeyRing.Entry] = []
        for key in mail.dkim {
            let known = current.first {
                $0.domain == "\(key.domain)" && $0.selector == "\(key.selector)" && $0.source == key.place.dkimText
            }
            do {
                let pem = try await pem(of: key, known: known, situation, request)
                entries.append(entry(key, pem))
            } catch {
                try Task.checkCancellation()
                guard let known else { throw StepFailure(step: "settings", cause: error) }
                log.warning("signer", "\(error); the signer goes on with the key that it has")
                entries.append(known)
            }
        }
        let isThroughSES = mail.upstream.map { "\($0.host)".hasPrefix("email-smtp.") } ?? false
        let ring = SigningKeyRing(
            entries: entries,
            isThroughSES: isThroughSES,
            senders: mail.senders.isSet ? mail.senders : nil,
            domain: mail.senders.isSet ? mail.domain : nil
        )
        guard !mail.allowsUnpublishedDKIM else { return SigningKeyChoice(ring: ring) }
        request.progress?.beginWaiting()
        defer { request.progress?.endWaiting() }
        let choice = try await SigningKeyChoice(ring, current: current) { [publications] entries in
            let keys = try StepFailure.naming("settings") { try entries.map { try $0.key } }
            let standings = try await publications.standings(
                of: keys,
                headers: isThroughSES ? .throughSES : .standard,
                isHostAlone: request.scope == .host,
                asksAnew: request.asksAnew,
                keeps: keeps
            )
            return keys.map { standings[$0.record] ?? .unanswered(.noServer) }
        }
        for key in choice.waiting { log.warning("signer", key.whyItWaits) }
        return choice
    }

    private func entry(_ key: DKIMKey, _ pem: String) -> SigningKeyRing.Entry {
        SigningKeyRing.Entry(
            domain: "\(key.domain)",
            selector: "\(key.selector)",
            source: key.place.dkimText,
            pem: pem
        )
    }

    private func pem(
        of key: DKIMKey,
        known: SigningKeyRing.Entry?,
        _ situation: Situation,
        _ request: PassRequest
    ) async throws -> String {
        switch key.place {
        case .file(let path): return try SigningKeyFile(files: files).read(path)
        case .parameter(let name):
            let check = { @Sendable (text: String) in
                try SigningKeyFile.check(text, setting: "mail.dkim: key_parameter", source: "\(name)")
                return text
            }
            let parameters = situation.account.ssm
            guard let known else { return try await reads.read(name, from: parameters, parse: check) }
            let text = try await reads.readAgain(
                name,
                from: parameters,
                scope: request.scope,
                interval: situation.settings.reconcile.interval,
                parse: check
            )
            return text ?? known.pem
        }
    }
}
