import Host
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import Doctor

struct SELinuxExaminationTests {
    // The lines are as in Red Hat's documentation and bug reports.
    private static let bind = """
        type=AVC msg=audit(1700000000.123:456): avc:  denied  { name_bind } for  pid=1234 comm="nginx" src=8123 \
        scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:unreserved_port_t:s0 tclass=tcp_socket permissive=0
        """
    private static let read = """
        type=AVC msg=audit(1700000001.000:457): avc:  denied  { read open } for  pid=77 comm="smtpd" \
        path="/etc/postfix/main.cf" dev="dm-0" ino=9 scontext=system_u:system_r:postfix_smtpd_t:s0 \
        tcontext=unconfined_u:object_r:user_tmp_t:s0 tclass=file permissive=0
        """
    private static let others = """
        type=AVC msg=audit(1700000001.000:458): avc:  denied  { read } for  pid=77 comm="httpd" name="x" dev="dm-0" ino=9 \
        scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:var_t:s0 tclass=file permissive=0
        type=AVC msg=audit(1700000001.000:459): avc:  granted  { read } for  pid=77 comm="smtpd" name="x"
        type=SYSCALL msg=audit(1700000001.000:460): arch=c000003e comm="nginx" denied  { x } for
        """

    private func findings(_ lines: String) -> [Finding] {
        SELinuxExamination.judge(
            lines.split(separator: "\n").compactMap(SELinuxDenial.init).map(\.kind),
            SystemdCommands()
        )
    }

    @Test func aPortIsToldWithTheCommandThatAllowsIt() {
        let found = findings([Self.bind, Self.bind, Self.others].joined(separator: "\n"))
        #expect(found.map(\.name) == ["selinux-denials"])
        #expect(found[0].severity == .critical)
        #expect(
            found[0].seen
                == "SELinux denied nginx { name_bind } of tcp_socket 8123 (unreserved_port_t) 2 times in the last hour"
        )
        #expect(found[0].fix == "semanage port -a -t http_port_t -p tcp 8123; systemctl restart nginx")
    }

    @Test func aFileIsToldWithItsPath() {
        let found = findings(Self.read)
        let what = "{ read open } of file /etc/postfix/main.cf (user_tmp_t) once in the last hour"
        #expect(found.map(\.seen) == ["SELinux denied smtpd \(what)"])
        #expect(found[0].fix.hasPrefix("restorecon -Rv /etc/postfix /etc/nginx "))
        let permissive = findings(Self.read.replacing("permissive=0", with: "permissive=1"))
        #expect(permissive.map(\.severity) == [.info])
    }

    @Test func onlyTheLastHourCounts() async throws {
        try await withTemporaryRoot { files in
            let runner = ScriptedRunner()
            func count(at now: Int) async throws -> Int {
                try await SELinuxExamination(files: files, runner: runner, now: now, commands: SystemdCommands())
                    .findings().count
            }
            #expect(try await count(at: 1_700_000_060) == 0)
            try files.createDirectory("/var/log/audit")
            try files.put([], at: "/var/log/audit/audit.log")
            for _ in 0..<2 {
                let output = CommandOutput(status: 0, standardOutput: Self.bind + "\n" + Self.read + "\n")
                runner.expect("tail -n 20000 /var/log/audit/audit.log", output)
            }
            #expect(try await count(at: 1_700_000_060) == 2)
            #expect(try await count(at: 1_700_003_600) == 1)
        }
    }

    @Test func whateverIsInTheLogCanBeShown() async throws {
        await fuzz(300) { chance in
            let found = findings(chance.mutation(of: [Self.bind, Self.read, Self.others]))
            let text = DoctorReport(found, examined: []).text
            #expect(text.split(separator: "\n").allSatisfy { String($0).isOnePlainLine }, "\(chance)")
        }
    }
}
