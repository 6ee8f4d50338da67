import CLinux
@preconcurrency import Dispatch
import Glibc
import Synchronization
package import SystemPackage

/// A second process of this program, which is sent messages and ends with this one.
///
/// It is another user's, and only this process ends it. Both hold one end of a pair of sockets. However this process ends, the worker reads the end of its messages.
package final class WorkerProcess: Sendable {
    /// The worker's process id.
    package let identifier: Int32
    /// The bytes that the worker writes. It ends with the worker.
    package let output: AsyncStream<UInt8>
    private let socket: CInt
    private let source: Mutex<(any DispatchSourceRead)?>

    /// - Parameters:
    ///   - arguments: The arguments of the program, without its name. It has to read `WorkerMessages`.
    ///   - user: The user and the group that the worker runs as. They need no name.
    /// - Throws: `CompanionFailure`.
    package init(
        _ arguments: [String],
        as user: UInt32,
        program: FilePath = "/proc/self/exe"
    ) throws(CompanionFailure) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw CompanionFailure(code: Errno(rawValue: errno)) }
        let mine = ends[0]
        defer { close(ends[1]) }
        let process = Self.spawn(program, arguments, as: user, standardInput: ends[1])
        guard process > 0 else {
            let code = Errno(rawValue: errno)
            close(mine)
            throw CompanionFailure(code: code)
        }
        self.identifier = process
        self.socket = mine
        let (output, continuation) = AsyncStream.makeStream(of: UInt8.self)
        self.output = output
        let source = DispatchSource.makeReadSource(fileDescriptor: mine, queue: .global())
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = recv(mine, &bytes, bytes.count, CInt(MSG_DONTWAIT))
            if count > 0 {
                for byte in bytes[..<count] { continuation.yield(byte) }
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                continuation.finish()
            }
        }
        source.setCancelHandler { close(mine) }
        source.activate()
        self.source = Mutex(source)
    }

    deinit { source.withLock { $0?.cancel() } }

    /// Sends a message.
    ///
    /// - Returns: Whether the worker is there to read it.
    @discardableResult
    package func send(_ message: [UInt8]) -> Bool {
        let bytes = withUnsafeBytes(of: UInt32(message.count).bigEndian) { Array($0) } + message
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(socket, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Lets the worker read the end of its messages, on which it ends.
    package func finish() { shutdown(socket, CInt(SHUT_WR)) }

    /// Ends the worker if it has not ended, and takes its exit status from the kernel.
    package func reap() {
        source.withLock { source in
            source?.cancel()
            source = nil
        }
        kill(identifier, SIGKILL)
        var status: CInt = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    }

    private static func spawn(
        _ program: FilePath,
        _ arguments: [String],
        as user: UInt32,
        standardInput: CInt
    ) -> Int32 {
        let name = CommandLine.arguments.first ?? program.string
        let argv = ([name] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        return clinux_spawn_as(user, program.string, argv, standardInput)
    }
}

/// The worker's side of the pair of sockets.
package enum WorkerMessages {
    /// The longest message: room for hundreds of keys.
    private static let limit = 16 << 20

    /// The messages of the process that started this one, until that ends; `nil` where this process is no worker, or has
    /// rights that a worker has not.
    package static func arrivals() -> AsyncStream<[UInt8]>? {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, geteuid() != 0,
            clinux_protect_memory() == 0
        else { return nil }
        let (arrivals, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let thread = DispatchQueue(label: "messages")
        thread.async {
            while let head = read(4), case let count = head.reduce(0, { $0 << 8 | Int($1) }), count <= limit,
                let message = read(count)
            { continuation.yield(message) }
            continuation.finish()
        }
        return arrivals
    }

    /// Tells the process that started this one.
    package static func tell(_ byte: UInt8) {
        _ = send(STDIN_FILENO, [byte], 1, CInt(MSG_NOSIGNAL))
    }

    /// Tells that process as many of these bytes as it can take now.
    ///
    /// - Returns: Their number.
    package static func offer(_ bytes: [UInt8]) -> Int {
        max(0, send(STDIN_FILENO, bytes, bytes.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)))
    }

    /// So many bytes; `nil` at the end.
    private static func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var have = 0
        while have < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(STDIN_FILENO, buffer.baseAddress?.advanced(by: have), count - have)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            have += got
        }
        return bytes
    }
}
