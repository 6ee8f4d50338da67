import HTTP
import Host
import RelayNode
import SMTP
import SystemPackage

@testable import RelayAgent

/// The edges of an agent: each question and each order is an effect at which it may be interrupted.
struct ModelEdges: CommandRunner, PackageManager, RelayProbing, HTTPTransport {
    let world: ModelWorld
    /// `nil` for the health unit, which is a process of its own.
    unowned let agent: ModelAgent?

    func isReached() -> Bool {
        do {
            try agent?.act()
            return true
        } catch {
            return false
        }
    }

    // Programs

    func run(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        guard isReached() else { throw CommandFailure(command, .timedOut) }
        let arguments = command.arguments
        switch command.executable {
        case "postconf":
            guard world.isInstalled("postfix") else { throw CommandFailure(command, .notFound) }
            let folder = arguments.first == "-c" ? FilePath(arguments[1]) : "/etc/postfix"
            switch arguments.last {
            case "-n":
                let values = MainCf(world.text(folder.appending("main.cf")) ?? "").values
                let lines = values.map { "\($0.key) = \($0.value)\n" }
                return CommandOutput(status: 0, standardOutput: lines.joined())
            case "-M":
                let text = world.text(folder.appending("master.cf"))
                return CommandOutput(status: text == nil ? 1 : 0, standardOutput: text ?? "")
            default: return CommandOutput(status: 0, standardOutput: "\(arguments.last ?? "") =\n")
            }
        case "unshare":
            let folder = FilePath(arguments.dropLast().last ?? "")
            let works = ModelPostfix.starts(master: world.text(folder.appending("master.cf")) ?? "")
            return CommandOutput(status: works ? 0 : 1, standardError: works ? "" : "bad field count")
        case "nginx":
            guard world.isInstalled("nginx") else { throw CommandFailure(command, .notFound) }
            return CommandOutput(status: 0)
        default: throw CommandFailure(command, .notFound)
        }
    }

    // Packages

    func install(
        _ packages: [String],
        timeout: Duration,
        onWait: @Sendable (String) -> Void
    ) async throws(PackageFailure) {
        let command = Command("yum", ["install"] + packages)
        guard isReached(), world.now.isMirrorUp else {
            throw PackageFailure(command: command, reason: .mirror, output: "", waited: .zero)
        }
        for package in packages { try? world.install(package) }
    }

    // SMTP

    func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) throws -> [RelayAnswers] {
        guard isReached(), let postfix = world.now.postfix else {
            throw SMTPFailure(server: door.server, reason: .notConnected("connection refused"))
        }
        return try postfix.answers(attempts, at: door)
    }

    // Metadata, and nginx

    func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPFailure) -> HTTPResponse {
        guard isReached() else { throw HTTPFailure(url: request.url, reason: .closed) }
        if request.url.hasPrefix("http://127.0.0.1:") {
            let port = request.url.dropFirst("http://127.0.0.1:".count).prefix { $0.isNumber }
            guard let ports = world.now.nginx, let port = UInt16(port), ports.contains(port) else {
                throw HTTPFailure(url: request.url, reason: .refused)
            }
            return HTTPResponse(status: world.files.exists(ModelWorld.health) ? 200 : 503)
        }
        // Switched off on the instance, which needs no second try.
        guard world.now.isMetadataUp else { return HTTPResponse(status: 403) }
        if request.method == .put { return HTTPResponse(status: 200, text: "token") }
        let path = request.url.split(separator: "/latest/meta-data/").last.map(String.init) ?? ""
        guard let value = Self.metadata[path] else { return HTTPResponse(status: 404) }
        return HTTPResponse(status: 200, text: value)
    }

    private static let metadata: [String: String] = {
        let interface = "network/interfaces/macs/0e:49:61:0f:c3:11"
        return [
            "instance-id": "i-0123456789abcdef0", "placement/region": "eu-central-1",
            "placement/availability-zone": "eu-central-1a", "services/domain": "amazonaws.com",
            "services/partition": "aws", "mac": "0e:49:61:0f:c3:11", "local-ipv4": "10.0.1.10",
            "\(interface)/vpc-ipv4-cidr-blocks": "10.0.0.0/16", "\(interface)/vpc-id": "vpc-1",
            "\(interface)/subnet-id": "subnet-1", "\(interface)/subnet-ipv4-cidr-block": "10.0.1.0/24",
            "tags/instance": "",
        ]
    }()
}
