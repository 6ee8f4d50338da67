import Host
import SystemPackage
import Vocabulary

/// The denials of SELinux for Postfix and nginx in the last hour, from the audit log.
struct SELinuxExamination: Examination {
    let name = "SELinux"
    let files: FileSystem
    let runner: any CommandRunner
    /// Seconds since 1970.
    let now: Int
    let commands: any ServiceCommands

    private static let log: FilePath = "/var/log/audit/audit.log"
    /// Lines; of a busier hour, the last.
    private static let lineLimit = 20_000
    /// Seconds.
    private static let span = 3600

    func findings() async throws -> [Finding] {
        guard files.exists(Self.log) else { return [] }
        let tail = try await runner.runChecked(Command("tail", ["-n", "\(Self.lineLimit)", "\(Self.log)"]))
        let denials = tail.standardOutput.split(separator: "\n").compactMap(SELinuxDenial.init)
        return Self.judge(denials.filter { $0.time > now - Self.span }.map(\.kind), commands)
    }

    static func judge(_ denials: [SELinuxDenial.Kind], _ commands: any ServiceCommands) -> [Finding] {
        let counts = denials.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        let sorted = counts.sorted { ($0.value, "\($1.key)") > ($1.value, "\($0.key)") }
        return sorted.prefix(shown).map { denial, count in
            Finding(
                .selinuxDenials,
                denial.isPermissive ? .info : .critical,
                of: denial.service,
                seen: """
                    SELinux \(denial.isPermissive ? "would have denied" : "denied") \(denial.program.escapedForDisplay) \
                    \(denial) \(count == 1 ? "once" : "\(count) times") in the last hour
                    """,
                why: denial.isPermissive
                    ? "it will, once it is enforcing"
                    : "what the service can't do there, mail or the health check may need",
                fix: fix(denial, commands)
            )
        }
    }

    /// The denials that are told one by one.
    private static let shown = 5

    private static func fix(_ denial: SELinuxDenial.Kind, _ commands: any ServiceCommands) -> String {
        if let port = denial.port {
            let type = denial.program == "nginx" ? "http_port_t" : "smtp_port_t"
            return "semanage port -a -t \(type) -p tcp \(port); \(commands.restart(ServiceName(denial.service)))"
        }
        let reason = "ausearch -m avc -ts recent -c \(denial.program.escapedForDisplay) | audit2allow -w"
        guard denial.isOfFile else { return reason }
        return "restorecon -Rv /etc/postfix /etc/nginx /var/spool/postfix; smtp-relay-agent reconcile; \(reason)"
    }
}

/// A line of the audit log that says what SELinux has denied a program of the relay's.
struct SELinuxDenial: Equatable {
    /// Seconds since 1970.
    let time: Int
    let kind: Kind

    /// Equal ones are one cause.
    struct Kind: Hashable, CustomStringConvertible {
        let program: String
        /// The permissions as the policy names them: `name_bind`, `read open`.
        let permissions: String
        /// The port, or the file's name.
        let object: String
        let objectType: String
        let objectClass: String
        let isPermissive: Bool

        var port: UInt16? { permissions.contains("name_") ? UInt16(object) : nil }
        var isOfFile: Bool { ["file", "dir", "lnk_file", "sock_file"].contains(objectClass) }
        var service: String { program == "nginx" ? "nginx" : "postfix" }

        var description: String {
            let what = object.isEmpty ? objectClass : "\(objectClass) \(object)"
            return "{ \(permissions) } of \(what) (\(objectType))".escapedForDisplay
        }
    }

    /// Reads `type=AVC msg=audit(1700000000.123:45): avc:  denied  { read } for  pid=7 comm="smtpd" name="main.cf" ...
    /// scontext=u:r:postfix_smtpd_t:s0 tcontext=u:object_r:user_tmp_t:s0 tclass=file permissive=0`; `nil` for any other.
    init?(_ line: Substring) {
        guard line.hasPrefix("type=AVC "), let stamp = line.firstRange(of: "msg=audit("),
            let time = Int(line[stamp.upperBound...].prefix { $0 != "." && $0 != ":" }),
            let denied = line.firstRange(of: "denied  { "),
            let end = line[denied.upperBound...].firstRange(of: " } for ")
        else { return nil }
        var fields: [Substring: Substring] = [:]
        for word in line[end.upperBound...].split(separator: " ") {
            let pair = word.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { fields[pair[0]] = pair[1].trimming("\"") }
        }
        func type(_ field: Substring) -> String {
            let parts = fields[field]?.split(separator: ":") ?? []
            return parts.count > 2 ? String(parts[2]) : ""
        }
        let (program, source) = (fields["comm"].map(String.init) ?? "", type("scontext"))
        guard source.hasPrefix("postfix_") || source == "httpd_t" && program == "nginx" else { return nil }
        self.time = time
        self.kind = Kind(
            program: program,
            permissions: String(line[denied.upperBound..<end.lowerBound]),
            object: String(fields["src"] ?? fields["dest"] ?? fields["path"] ?? fields["name"] ?? ""),
            objectType: type("tcontext"),
            objectClass: fields["tclass"].map(String.init) ?? "",
            isPermissive: fields["permissive"] == "1"
        )
    }
}

extension Substring {
    fileprivate func trimming(_ mark: Character) -> Substring {
        count > 1 && first == mark && last == mark ? dropFirst().dropLast() : self
    }
}
