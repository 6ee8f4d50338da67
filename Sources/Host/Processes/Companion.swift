import Glibc
package import SystemPackage

/// A second process of this program, which outlives this one and then knows that it has ended.
///
/// It holds one end of a pair of sockets, and only this process the other: however this one ends, by itself, by a crash or
/// by kill -9, the kernel closes it, and the companion reads the end. It is in a process group of its own and takes no SIGTERM,
/// SIGINT or SIGHUP, so that what ends this process by these does not end both.
package final class Companion: Sendable {
    private let socket: FileDescriptor

    /// - Parameter arguments: The arguments of the program, without its name. It has to call `hasOutlived`.
    /// - Throws: `CompanionFailure`.
    package init(_ arguments: [String], program: FilePath = "/proc/self/exe") throws(CompanionFailure) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw CompanionFailure(code: Errno(rawValue: errno)) }
        defer { close(ends[1]) }
        self.socket = FileDescriptor(rawValue: ends[0])
        let result = Self.spawn(program, arguments, standardInput: ends[1])
        guard result == 0 else {
            close(ends[0])
            throw CompanionFailure(code: Errno(rawValue: result))
        }
    }

    deinit { close(socket.rawValue) }

    /// Lets the companion end: there is nothing left for it to do.
    package func dismiss() {
        // It may have ended itself, which is no reason to be killed by SIGPIPE.
        _ = send(socket.rawValue, [Self.word], 1, CInt(MSG_NOSIGNAL))
    }

    /// For the companion: waits for the other process's word, or its end.
    ///
    /// It blocks its thread, since nothing else is to be done meanwhile.
    ///
    /// - Returns: Whether that process has ended without a word; `nil` where this process was started by another hand.
    package static func hasOutlived() -> Bool? {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count >= 0 { return count == 0 }
            guard errno == EINTR else { return true }
        }
    }

    private static let word = UInt8(ascii: ".")

    private static func spawn(_ program: FilePath, _ arguments: [String], standardInput: CInt) -> CInt {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var blocked = sigset_t()
        sigemptyset(&blocked)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&blocked, signal) }
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let name = CommandLine.arguments.first ?? program.string
        let argv = ([name] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var process: pid_t = 0
        return posix_spawn(&process, program.string, &actions, &attributes, argv, environ)
    }
}

/// A companion that could not be started.
package struct CompanionFailure: Error, CustomStringConvertible {
    package let code: Errno

    package var description: String { "a second process can't be started: \(code)" }
}
