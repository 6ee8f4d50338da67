import Host
import RelayNode
import RelayTestSupport
import SystemPackage

/// The text that each edit writes.
extension ModelEdit {
    private static let main: FilePath = "/etc/postfix/main.cf"
    private static let master: FilePath = "/etc/postfix/master.cf"
    private static let nginxConf: FilePath = "/etc/nginx/nginx.conf"

    func make(in files: FileSystem, number: Int) throws {
        switch self {
        case .openNetworks: try set("mynetworks", "0.0.0.0/0", files)
        case .narrowNetworks: try set("mynetworks", "10.0.0.0/24", files)
        case .openRestrictions:
            try set("smtpd_relay_restrictions", "permit_mynetworks, permit", files)
            try set("smtpd_recipient_restrictions", "permit_mynetworks, permit, reject", files)
        case .openData: try set("smtpd_data_restrictions", "", files)
        case .refuseAll: try set("smtpd_client_restrictions", "reject", files)
        case .hardening: try set("smtpd_sender_restrictions", "reject_unknown_sender_domain", files)
        case .ownParameter: try set("operator_parameter\(number)", "\(number)", files)
        case .removeMain: try files.remove(Self.main)
        case .openOverride: try override(" -o mynetworks=0.0.0.0/0", files)
        case .openBraces: try override(" { -o mynetworks = 0.0.0.0/0 }", files)
        case .openPort:
            try add("2525 inet n - n - - /usr/libexec/postfix/smtpd\n -o mynetworks=0.0.0.0/0\n", files)
        case .deadDoor:
            try override(" -o smtpd_relay_restrictions=permit -o smtpd_recipient_restrictions=permit", files)
        case .ownFilter: try add("127.0.0.1:10025 inet n - n - - smtpd\n -o mynetworks=0.0.0.0/0\n", files)
        case .harmlessDoor: try add("2526 inet n - n - - smtpd\n -o syslog_name=postfix/more\n", files)
        case .loopbackOnly:
            let text = Self.text(Self.master, files)
            let moved = text.replacing("smtp      inet", with: "127.0.0.1:25 inet")
            try Self.put(moved, at: Self.master, files)
        case .garbage: try add("garbage\n", files)
        case .removeMaster: try files.remove(Self.master)
        case .nginx: try Self.put(Self.text(Self.nginxConf, files) + "# somebody was here\n", at: Self.nginxConf, files)
        case .removeNginx: try files.remove(Self.nginxConf)
        case .unit: try Self.put("[Unit]\n", at: "/etc/systemd/system/smtp-relay-agent.service", files)
        case .healthFile: try Self.put("healthy\n", at: FilePath(NginxConfiguration.healthFile), files)
        case .removeHealthFile: try files.remove(FilePath(NginxConfiguration.healthFile))
        case .removePostfixPackage: try files.remove("/usr/sbin/postfix")
        case .removeNginxPackage: try files.remove("/usr/sbin/nginx")
        }
    }

    private func set(_ name: String, _ value: String, _ files: FileSystem) throws {
        var file = MainCf(Self.text(Self.main, files))
        file.set(name, to: value, isAnnounced: false)
        try Self.put(file.text, at: Self.main, files)
    }

    private func add(_ entry: String, _ files: FileSystem) throws {
        try Self.put(Self.text(Self.master, files) + entry, at: Self.master, files)
    }

    /// A line below the senders' door.
    private func override(_ line: String, _ files: FileSystem) throws {
        var lines = Self.text(Self.master, files).split(separator: "\n").map(String.init)
        guard let door = lines.firstIndex(where: { $0.hasPrefix("smtp") && $0.contains("inet") }) else { return }
        lines.insert(line, at: door + 1)
        try Self.put(lines.joined(separator: "\n") + "\n", at: Self.master, files)
    }

    private static func text(_ path: FilePath, _ files: FileSystem) -> String {
        (try? files.bytes(at: path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func put(_ text: String, at path: FilePath, _ files: FileSystem) throws {
        try files.put(Array(text.utf8), at: path)
    }
}
