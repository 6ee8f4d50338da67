import SystemPackage

extension FileSystem {
    /// The id of this boot, another one after each boot (proc_sys_kernel(5), random/boot_id). Where /run is on the
    /// disk, it identifies files of an earlier boot.
    package var bootID: String? {
        (try? bytes(at: "/proc/sys/kernel/random/boot_id", limit: 64)).map {
            String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }
        }
    }
}

extension FileSystem {
    /// Seconds since the boot, also those of a suspended system (proc_uptime(5)): no one sets this clock.
    package var uptime: Double? {
        (try? bytes(at: "/proc/uptime", limit: 64)).flatMap {
            String(decoding: $0, as: UTF8.self).split(separator: " ").first.flatMap { Double($0) }
        }
    }
}
