import SystemPackage

/// Whether this host speaks IPv6 at all.
package enum InternetProtocol6 {
    /// With IPv6 switched off, in the kernel or by `net.ipv6.conf.all.disable_ipv6`, no interface has an IPv6 address, not
    /// even loopback's (proc_pid_net(5), if_inet6).
    package static func isOn(_ files: FileSystem) -> Bool {
        (try? files.bytes(at: "/proc/net/if_inet6", limit: 1))?.isEmpty == false
    }
}
