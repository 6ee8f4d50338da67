import SystemPackage

/// A program that listens on a TCP port of this host.
package struct PortHolder: Sendable, Equatable, CustomStringConvertible {
    package let port: UInt16
    /// `nil` where it can't be seen: in another namespace, or from a process that may not look.
    package let process: Int32?
    /// The program's name, as the kernel has it (proc_pid_comm(5)).
    package let program: String
    /// The number and command line, as an operator would look them up.
    package let description: String
}

/// The processes that listen on TCP ports, found without a program (proc_pid_net(5), proc_pid_fd(5)).
package struct PortHolders: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// The holders of these ports, in their order; none where nobody listens.
    package func holders(of ports: [UInt16]) -> [PortHolder] {
        let sockets = listeningSockets(ports)
        guard !sockets.isEmpty else { return [] }
        let processes = processes(with: Set(sockets.map(\.inode)))
        var found: [PortHolder] = []
        for socket in sockets {
            let holder = holder(of: socket.port, processes[socket.inode], user: socket.user)
            // A program may listen on several addresses of a port.
            if !found.contains(holder) { found.append(holder) }
        }
        return found
    }

    private func holder(of port: UInt16, _ process: Int32?, user: String) -> PortHolder {
        guard let process else {
            return PortHolder(
                port: port,
                process: nil,
                program: "",
                // The agent's unit has no CAP_SYS_PTRACE, so it sees no descriptors of programs that may do more.
                description: "a process that can't be seen from here, whose socket user \(user) made"
            )
        }
        let name = (try? files.bytes(at: FilePath("/proc/\(process)/comm"))) ?? []
        return PortHolder(
            port: port,
            process: process,
            program: String(decoding: name, as: UTF8.self).filter { !$0.isNewline },
            description: FileLocks(files: files).describe(process: process)
        )
    }

    private func listeningSockets(_ ports: [UInt16]) -> [(port: UInt16, inode: String, user: String)] {
        TCPSocket.all(files).filter { $0.isListening && ports.contains($0.port) }.compactMap { socket in
            guard let inode = socket.inode, let user = socket.user else { return nil }
            return (socket.port, String(inode), String(user))
        }
    }

    /// The first process that has each of these sockets open.
    private func processes(with inodes: Set<String>) -> [String: Int32] {
        var found: [String: Int32] = [:]
        for process in ((try? files.names(in: "/proc")) ?? []).compactMap({ Int32($0) }).sorted() {
            let folder = FilePath("/proc/\(process)/fd")
            for descriptor in (try? files.names(in: folder)) ?? [] {
                guard let target = files.linkTarget(of: folder.appending(descriptor)), target.hasPrefix("socket:[")
                else { continue }
                let inode = String(target.dropFirst(8).dropLast())
                if inodes.contains(inode), found[inode] == nil { found[inode] = process }
            }
            if found.count == inodes.count { break }
        }
        return found
    }
}
