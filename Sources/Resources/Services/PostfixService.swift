import Glibc
package import Host
package import RelayNode
package import SMTP
package import SystemPackage
import Vocabulary

/// Postfix with main.cf, master.cf and the tables beside them.
package struct PostfixService: ServiceConfiguration {
    package let service = ServiceName("postfix")
    package let paths = files
    /// The files that are the agent's to write.
    package static let files = PostfixTable.Name.allCases.map { FilePath($0.path) } + [mainCf, masterCf]
    package let secrets = Set(PostfixTable.Name.allCases.filter(\.isSecret).map { FilePath($0.path) })

    private static let directory = PostfixCandidate.directory
    package static let mainCf = directory.appending("main.cf")
    package static let masterCf = directory.appending("master.cf")

    private let wanted: PostfixConfiguration
    private let runner: any CommandRunner
    private let relay: any RelayProbing
    private let files: FileSystem
    private let prove: @Sendable () async throws -> Void

    /// - Parameter prove: Proves the doors as they are then, where the operator's own parameters have changed.
    package init(
        _ wanted: PostfixConfiguration,
        runner: any CommandRunner,
        relay: any RelayProbing,
        files: FileSystem,
        prove: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.wanted = wanted
        self.runner = runner
        self.relay = relay
        self.files = files
        self.prove = prove
    }

    package var kept: Set<FilePath> { Set([wanted.keptTable].compactMap(\.self).map { FilePath($0.path) }) }

    /// Whether Postfix was seen at work with a table, so that it can be kept as it was then.
    package static func hasWorked(with table: PostfixTable.Name, files: FileSystem) throws -> Bool {
        let store = GenerationStore(service: ServiceName("postfix"), paths: Self.files, files: files)
        return try store.proven()?.files[FilePath(table.path)]?.hasText ?? false
    }

    package func isReadable(_ text: String, at path: FilePath) -> Bool {
        path != Self.masterCf || MasterCf(text).isReadable
    }

    package func isOwn(_ text: String, at path: FilePath) -> Bool {
        path != Self.mainCf && path != Self.masterCf && PostfixTable.isOwn(text)
    }

    package func desired(from current: [FilePath: String]) throws -> [FilePath: String] {
        var texts = [
            Self.mainCf: wanted.mainCf(from: current[Self.mainCf] ?? ""),
            Self.masterCf: wanted.masterCf(from: current[Self.masterCf] ?? ""),
        ]
        for table in wanted.allTables { texts[FilePath(table.name.path)] = table.text }
        return texts
    }

    package func action(from current: [FilePath: String], to desired: [FilePath: String]) -> ServiceAction {
        let main = PostfixConfiguration.action(from: current[Self.mainCf], to: desired[Self.mainCf] ?? "")
        // Such tables are read once, when a process starts.
        let isSame = desired.allSatisfy { $0.key == Self.mainCf || current[$0.key] == $0.value }
        return max(main, isSame ? .none : .reload)
    }

    package let programs: Set = ["smtpd", "postscreen"]

    package let dependencies: [FilePath] = [
        "/usr/sbin/postfix", "/usr/libexec/postfix/master", "/usr/lib/postfix/sbin/master",
        "/etc/systemd/system/postfix.service.d", "/etc/selinux/targeted/policy",
    ]

    package func newPorts(from current: [FilePath: String], to desired: [FilePath: String]) -> [UInt16] {
        let known = MasterCf(current[Self.masterCf] ?? "").ports
        return MasterCf(desired[Self.masterCf] ?? "").ports.filter { !known.contains($0) }
    }

    /// Makes `postconf` read the candidate, and `postfix check` judge it.
    package func validate(_ candidate: [FilePath: [UInt8]]) async throws {
        // An expired certificate in use does not prevent other changes; the pass reports it.
        if let certificate = wanted.certificate, try !isInUse(certificate) {
            _ = try CertificateCheck(files: files).end(of: certificate, at: Int(time(nil)))
        }
        try await postconf.judge(
            candidate.map { path, bytes in (path, bytes, attributes(of: path, found: nil)) }
        ) { staged in
            try await compareWithPostconf(staged)
            let texts = [Self.mainCf, Self.masterCf].map { FileText(candidate[$0] ?? []).string }
            try requireOwnWays(MainCf(texts[0]))
            let judge = OperatorParameterJudge(runner: runner)
            try await judge.judge(wanted, in: staged, main: MainCf(texts[0]), master: MasterCf(texts[1]))
            try await compareServices(staged, FileText(candidate[Self.masterCf] ?? []).string)
        }
    }

    /// Whether main.cf names a certificate already, or did when it was last proven.
    private func isInUse(_ certificate: CertificateFiles) throws -> Bool {
        let proven = try GenerationStore(service: service, paths: paths, files: files).proven()
        let texts = [try? files.bytes(at: Self.mainCf), proven?.bytes[Self.mainCf]].compactMap(\.self)
        return texts.map { MainCf(FileText($0).string) }.contains {
            $0["smtpd_tls_cert_file"] == "\(certificate.certificate)"
                && $0["smtpd_tls_key_file"] == "\(certificate.key)"
        }
    }

    private var postconf: PostfixCandidate {
        PostfixCandidate(runner: runner, files: files, levelSetting: "mail.tls.outbound_level")
    }

    /// Throws unless Postfix reads the meant values in the file, and has the features that the settings ask for.
    private func compareWithPostconf(_ directory: FilePath) async throws {
        if wanted.isProxied { try await postconf.require("smtpd_upstream_proxy_protocol", Self.noProxyProtocol) }
        if wanted.upstream?.isImplicitTLS == true {
            try await postconf.require("smtp_tls_wrappermode", Self.noImplicitTLS)
        }
        if let domain = wanted.destinations.secured.first {
            let cure = """
                this Postfix is older than 2.11 and knows no DANE; give \(domain) another tls in mail.destination
                """
            try await postconf.require("smtp_dns_support_level", cure)
        }
        try await postconf.understood(in: directory, as: wanted.effective)
    }

    /// Throws where the domains of `mail.destination` would pass by a smarthost that the agent did not set.
    private func requireOwnWays(_ main: MainCf) throws {
        guard let domain = wanted.destinations.direct.first, wanted.leaving == nil,
            let smarthost = main["relayhost"], !smarthost.isEmpty
        else { return }
        let verdict = """
            relayhost is \(smarthost) in main.cf or [postfix], but \(domain) of mail.destination would pass by it; set \
            mail.upstream.host instead, or give the domain a [[mail.transport]]
            """
        throw InvalidCandidate(judge: "smtp-relay-agent", verdict: verdict)
    }

    /// The same of master.cf.
    private func compareServices(_ directory: FilePath, _ text: String) async throws {
        guard wanted.version >= .listingServices else { return }
        let output = try await runner.run(Command("postconf", ["-c", directory.string, "-M"]))
        guard output.status == 0 else { throw InvalidCandidate(judge: "postconf -M", verdict: output.tail()) }
        let (meant, understood) = (MasterCf(text).entries, MasterCf(output.standardOutput).entries)
        guard meant.map(\.meaning) == understood.map(\.meaning) else {
            let differing = zip(meant, understood).first { $0.meaning != $1.meaning }?.1.service ?? "another number"
            throw InvalidCandidate(judge: "postconf -M", verdict: "master.cf reads differently from '\(differing)' on")
        }
    }

    private static let noImplicitTLS = """
        this Postfix is older than 3.0 and can't begin with TLS, as port 465 wants it; set mail.upstream.port to 587
        """

    private static let noProxyProtocol = """
        this Postfix is older than 2.10 and does not know the PROXY protocol; leave mail.proxy_protocol out
        """

    /// Its doors answer, and are proven where parameters of the operator's own have changed: so the change is rolled back
    /// with what it broke.
    package func probe() async throws {
        // A node that has left has none.
        if wanted.leaving?.closed.isEmpty == false { return }
        // The doors of a leaving node may refuse everybody, which is no fault of a parameter.
        guard wanted.leaving == nil else { return try await seeDoors() }
        let (changed, removed) = try operatorsChange()
        if changed.isEmpty, removed.isEmpty { return try await seeDoors() }
        do {
            try await seeDoors()
            try await prove()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw UnprovenParameters(changed: changed, removed: removed, cause: error)
        }
    }

    /// The parameters of `[postfix]` that main.cf has and did not have when it was proven last, and the reverse.
    private func operatorsChange() throws -> (changed: [OperatorParameter], removed: [String]) {
        func section(_ bytes: [UInt8]?) -> [String: String] {
            MainCf(FileText(bytes ?? []).string).parameters(in: .section)
        }
        let present = section(try? files.bytes(at: Self.mainCf))
        let proven = section(GenerationStore.provenBytes(of: Self.mainCf, by: service, files: files))
        let changed = wanted.section.filter { present[$0.name] != nil && present[$0.name] != proven[$0.name] }
        return (changed, proven.keys.filter { present[$0] == nil }.sorted())
    }

    /// Each door is a service of its own to Postfix's master.
    private func seeDoors() async throws {
        try await Patience.untilAnswering(
            isPlain: { ($0 as? SMTPFailure)?.isRefused == true },
            isOfBefore: { ($0 as? SMTPFailure)?.isPutOff == true }
        ) {
            for port in wanted.ports {
                let server = SMTPServer(wanted.address, port: port)
                // An operator's postscreen may take six of them.
                let door = ProbedDoor(server, from: wanted.address, isProxied: wanted.isProxied, patience: .seconds(8))
                _ = try await relay.attempts([], at: door)
            }
        }
    }

    package func unloaded() throws -> ServiceAction {
        try LoadedConfiguration(files: files).isCurrent() ? .none : .reload
    }

    package func loading(_ act: () async throws -> Void) async throws {
        let loaded = LoadedConfiguration(files: files)
        try loaded.settle()
        // Later edits may be read or not, so they count as not read.
        let fingerprint = try loaded.fingerprint()
        let before = processes?.load
        try await act()
        try loaded.keep(fingerprint)
        try await waitForLoad(since: before)
    }

    private var processes: PostfixProcesses? { .current(files) }

    /// A reload only signals the master. A client that connects before the master acts gets the old configuration.
    private func waitForLoad(since before: String?) async throws {
        guard let before else { return }
        for _ in 0..<40 where processes?.load == before { try await Waiting.sleep(for: .milliseconds(50)) }
    }

    /// Where main.cf was so wrong that smtpd died of it, the master lets a minute pass before it starts another, and a
    /// reload in that minute changes nothing (master(8), service_throttle_time).
    package func isCuredByRestart(_ failure: any Error) -> Bool {
        let cause = (failure as? UnprovenParameters)?.cause ?? failure
        return switch (cause as? SMTPFailure)?.reason {
        case .silent, .timedOut: true
        default: false
        }
    }
}

extension MasterCf {
    /// The TCP ports that its services listen on, on whatever address.
    fileprivate var ports: [UInt16] {
        entries.filter { $0.type == "inet" }.compactMap { entry in
            let port = entry.service.split(separator: ":").last.map(String.init) ?? ""
            return UInt16(port) ?? Self.portNames[port]
        }
    }

    /// services(5), as far as it has to do with mail.
    private static let portNames: [String: UInt16] = [
        "smtp": 25, "submission": 587, "smtps": 465, "submissions": 465, "ssmtp": 465, "urd": 465, "qmqp": 628,
    ]
}

extension SMTPFailure {
    /// Whether nothing listens there.
    fileprivate var isRefused: Bool {
        guard case .notConnected = reason else { return false }
        return true
    }

    /// Whether the server closes the connection for now (RFC 5321, section 3.8).
    fileprivate var isPutOff: Bool {
        guard case .refused(_, let reply) = reason else { return false }
        return reply.code == 421
    }
}
