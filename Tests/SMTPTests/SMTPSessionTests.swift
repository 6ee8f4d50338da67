import NIOCore
import NIOPosix
import SMTP
import Synchronization
import Testing
import Vocabulary

/// Says a line for each line it is told, beginning with a greeting.
private final class ScriptedSMTPServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let greeting: String
    private let answer: @Sendable (String) -> String?

    init(greeting: String, answer: @escaping @Sendable (String) -> String?) {
        self.greeting = greeting
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) { say(greeting, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for line in String(buffer: unwrapInboundIn(data)).split(separator: "\r\n") {
            if let text = answer(String(line)) { say(text, context) } else { context.close(promise: nil) }
        }
    }

    private func say(_ text: String, _ context: ChannelHandlerContext) {
        if !text.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil) }
    }
}

/// Longer than any answer takes here: nothing is slow but a busy machine.
private let unhurried = Duration.seconds(600)

@discardableResult
private func serving<Result>(
    greeting: String = "220 relay ESMTP\r\n",
    answer: @escaping @Sendable (String) -> String? = {
        $0.hasPrefix("EHLO") ? "250-relay\r\n250 XCLIENT\r\n" : "250 ok\r\n"
    },
    _ body: (SMTPServer) async throws -> Result
) async throws -> Result {
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ScriptedSMTPServer(greeting: greeting, answer: answer))
            }
        }
        .bind(host: "127.0.0.1", port: 0).get()
    let port = UInt16(channel.localAddress?.port ?? 0)
    do {
        let result = try await body(SMTPServer(IPAddress(bytes: [127, 0, 0, 1]), port: port))
        try await channel.close()
        return result
    } catch {
        try? await channel.close()
        throw error
    }
}

struct SMTPSessionTests {
    private func greet(
        _ server: SMTPServer,
        isProxied: Bool = false,
        timeout: Duration = unhurried
    ) async throws {
        let door = ProbedDoor(server, from: server.address, isProxied: isProxied, patience: timeout)
        _ = try await RelayProbe().attempts([], at: door)
    }

    @Test func aRealGreetingAndEHLOAreEnough() async throws {
        try await serving { try await greet($0) }
    }

    @Test func aServerThatExpectsAHeaderGetsItBeforeItHasSpoken() async throws {
        let answer = { @Sendable (line: String) -> String? in
            let header = line.split(separator: " ").map(String.init)
            if header.first == "PROXY" {
                let isWhole = header.count == 6 && Array(header[1...3]) == ["TCP4", "127.0.0.1", "127.0.0.1"]
                return isWhole ? "220 relay\r\n" : "421 what\r\n"
            }
            return line.hasPrefix("RCPT") ? "554 no\r\n" : "250 ok\r\n"
        }
        try await serving(greeting: "", answer: answer) { server in
            try await greet(server, isProxied: true)
            let door = ProbedDoor(server, from: server.address, isProxied: true, patience: unhurried)
            let own = RelayAttempt(as: .thisHost, to: ["nobody@example.net"])
            #expect(try await RelayProbe().attempts([own], at: door)[0].recipients.map(\.code) == [554])
        }
        // One that expects none takes it for a command, and answers that after its greeting.
        try await serving(answer: { $0.hasPrefix("PROXY") ? "502 5.5.2 what\r\n" : "250 ok\r\n" }) { server in
            await #expect {
                try await greet(server, isProxied: true)
            } throws: { "\($0)".contains("'502 5.5.2 what'") }
        }
    }

    @Test func aGreetingOfSeveralLinesInPiecesIsOne() async throws {
        try await serving(greeting: "220-first\r\n220 last\r\n") { try await greet($0) }
    }

    @Test(arguments: [
        ("554 no\r\n", "answered the connection with '554 no'"), ("HTTP/1.1 400 Bad\r\n", "does not speak SMTP"),
        ("\u{1}\u{2}\r\n", "does not speak SMTP"),
    ])
    func anythingElseIsTold(greeting: String, words: String) async throws {
        try await serving(greeting: greeting) { server in
            await #expect {
                try await greet(server)
            } throws: { "\($0)".contains(words) }
        }
    }

    @Test func aRefusedEHLOIsTold() async throws {
        try await serving(answer: { $0 == "QUIT" ? nil : "421 busy\r\n" }) { server in
            await #expect {
                try await greet(server)
            } throws: { "\($0)".contains("'421 busy'") }
        }
    }

    @Test func silenceHasAnEnd() async throws {
        try await serving(greeting: "") { server in
            let started = ContinuousClock.now
            await #expect {
                try await greet(server, timeout: .milliseconds(200))
            } throws: { "\($0)".contains("gave no answer") }
            #expect(ContinuousClock.now - started < unhurried)
        }
    }

    @Test func aLineWithoutEndIsNoSMTP() async throws {
        try await serving(greeting: String(repeating: "2", count: 10_000)) { server in
            await #expect {
                try await greet(server)
            } throws: { "\($0)".contains("does not speak SMTP") }
        }
    }

    @Test func aClosedPortIsTold() async throws {
        let server = try await serving { $0 }
        await #expect {
            try await greet(server)
        } throws: { "\($0)".contains("no connection to 127.0.0.1:") }
    }

    private func encrypt(_ server: SMTPServer) async throws {
        let encryption = SMTPEncryption(host: "127.0.0.1", authorities: "/no/such/file", isImplicit: false)
        try await SMTPSession.withSession(
            to: server,
            greeting: "x",
            timeout: unhurried,
            encryption: encryption
        ) { _ -> Void in
            Issue.record("nothing may be said in the clear")
        }
    }

    @Test(arguments: [
        ("250 relay\r\n", "", "does not offer it"), ("250-relay\r\n250 STARTTLS\r\n", "454 no\r\n", "'454 no'"),
        ("250-relay\r\n250 STARTTLS\r\n", "220 go on\r\n250 put in between\r\n", "there is more behind"),
    ])
    func withoutTLSNothingIsSaidWhereItIsWanted(offer: String, answer: String, words: String) async throws {
        try await serving(answer: { $0 == "STARTTLS" ? answer : offer }) { server in
            await #expect {
                try await encrypt(server)
            } throws: { error in
                guard let failure = error as? SMTPFailure, case .notEncrypted = failure.reason else { return false }
                return "\(failure)".contains(words)
            }
        }
    }

    /// The answer to STARTTLS ends where a read of the network ends: the bytes behind it are in no buffer of the session.
    @Test(arguments: [64, 128, 256, 512, 1024, 2048, 4096])
    func bytesThatWereReadBeforeTLSNeverCountAsProtected(length: Int) async throws {
        let last = "220 go on\r\n"
        var answer = ""
        var left = length - last.utf8.count
        while left > 0 {
            let line = left > 500 ? 400 : left
            answer += "220-" + String(repeating: "x", count: line - 6) + "\r\n"
            left -= line
        }
        let text = answer + last + "250 put in between\r\n"
        try await serving(answer: { $0 == "STARTTLS" ? text : "250-relay\r\n250 STARTTLS\r\n" }) { server in
            await #expect { try await encrypt(server) } throws: { "\($0)".contains("there is more behind") }
        }
    }

    /// The end of a login of 'relay' with 'opensesame', at a server that offers this and answers so.
    private func logIn(offer: String, _ answer: @escaping @Sendable (String) -> String) async throws {
        try await serving(answer: { $0.hasPrefix("EHLO") ? offer : answer($0) }) { server in
            try await SMTPSession.withSession(to: server, greeting: "x", timeout: unhurried) { session in
                try await session.logIn(try UserName("relay"), Secret("opensesame"))
            }
        }
    }

    @Test func aLoginIsByPlainOrElseByLogin() async throws {
        try await logIn(offer: "250-relay\r\n250 AUTH LOGIN PLAIN\r\n") {
            $0 == "AUTH PLAIN AHJlbGF5AG9wZW5zZXNhbWU=" ? "235 yes\r\n" : "500 \($0)\r\n"
        }
        try await logIn(offer: "250-relay\r\n250 auth login\r\n") {
            switch $0 {
            case "AUTH LOGIN": "334 VXNlcm5hbWU6\r\n"
            case "cmVsYXk=": "334 UGFzc3dvcmQ6\r\n"
            case "b3BlbnNlc2FtZQ==": "235 yes\r\n"
            default: "500 \($0)\r\n"
            }
        }
    }

    @Test func aLoginThatIsRefusedIsToldWithoutTheSecret() async throws {
        for offer in ["250-relay\r\n250 AUTH PLAIN\r\n", "250-relay\r\n250 AUTH LOGIN\r\n"] {
            await #expect {
                try await logIn(offer: offer) { _ in "535 5.7.8 no\r\n" }
            } throws: { error in
                guard let failure = error as? SMTPFailure, case .loginRefused = failure.reason else { return false }
                return "\(failure)".hasSuffix("answered the login with '535 5.7.8 no'")
            }
        }
        await #expect {
            try await logIn(offer: "250-relay\r\n250 AUTH CRAM-MD5\r\n") { _ in "250 ok\r\n" }
        } throws: { "\($0)".contains("offers no login by PLAIN or LOGIN (CRAM-MD5)") }
    }

    /// A relay for 10.0.0.0/16 that believes XCLIENT.
    private static func relay(_ line: String) -> String? {
        if line.hasPrefix("EHLO") { return "250-relay\r\n250 XCLIENT NAME ADDR REVERSE_NAME\r\n" }
        if line.hasPrefix("XCLIENT ADDR=10.0.0.1 ") { return "220 relay\r\n" }
        if line.hasPrefix("XCLIENT ADDR=IPV6:2001:db8::1 ") { return "554 5.7.1 no clients from there\r\n" }
        if line.hasPrefix("XCLIENT") { return "550 5.7.0 Error: insufficient authorization\r\n" }
        if line == "DATA" { return "354 go on\r\n" }
        return line.hasPrefix("RCPT TO:<refused") ? "554 5.7.1 Relay access denied\r\n" : "250 ok\r\n"
    }

    private func attempts(_ attempts: RelayAttempt..., heard: (@Sendable (String) -> Void)? = nil) async throws
        -> [RelayAnswers]
    {
        try await serving(answer: { line in
            heard?(line)
            return Self.relay(line)
        }) { server in
            let door = ProbedDoor(server, from: server.address, patience: unhurried)
            return try await RelayProbe().attempts(attempts, at: door)
        }
    }

    @Test func aDoorThatHasOneClientWaitDoesNotHoldUpTheNext() async throws {
        let heard = Mutex<[String]>([])
        let attempts = ["first", "second"].map { RelayAttempt(as: .thisHost, to: ["refused-\($0)@example.net"]) }
        await #expect(throws: SMTPFailure.self) {
            try await serving(answer: { line in
                heard.withLock { $0.append(line) }
                return line.hasPrefix("RCPT TO:<refused-first") ? "" : Self.relay(line)
            }) { server in
                let door = ProbedDoor(server, from: server.address, patience: .seconds(2))
                try await RelayProbe().separately(attempts, at: door) { _, _ in }
            }
        }
        #expect(heard.withLock { $0.contains("RCPT TO:<refused-second@example.net>") })
    }

    @Test func aVerdictDoesNotWaitForTheDoorsOtherAnswers() async throws {
        struct Verdict: Error {}
        let attempts = ["first", "second"].map { RelayAttempt(as: .thisHost, to: ["refused-\($0)@example.net"]) }
        await #expect(throws: Verdict.self) {
            try await serving(answer: { line in
                line.hasPrefix("RCPT TO:<refused-first") ? "" : Self.relay(line)
            }) { server in
                let door = ProbedDoor(server, from: server.address, patience: .seconds(60))
                try await RelayProbe().separately(attempts, at: door) { attempt, answers in
                    #expect(attempt == attempts[1] && answers.recipients.map(\.code) == [554])
                    throw Verdict()
                }
            }
        }
    }

    @Test func theProbeSpeaksForAClientAndBreaksTheMessageOff() async throws {
        let told = Mutex<[String]>([])
        let answers = try await attempts(
            RelayAttempt(as: .thisHost, to: ["refused@example.net"]),
            RelayAttempt(
                as: .told(try IPAddress("10.0.0.1")),
                to: ["refused@example.net", "a@example.net"],
                goesToData: true
            ),
            heard: { line in told.withLock { $0.append(line) } }
        )
        #expect(answers.map { $0.recipients.map(\.code) } == [[554], [554, 250]])
        #expect(answers[0].data == nil && answers[1].data?.code == 354)
        let lines = told.withLock { $0 }
        // Its envelope is one that ordinary restrictions let pass.
        #expect(lines.contains("MAIL FROM:<>") && lines.contains("EHLO [10.0.0.1]"))
        #expect(lines.contains { $0.hasPrefix("XCLIENT ADDR=10.0.0.1 NAME=") && $0.contains(" REVERSE_NAME=") })
        // Behind 354 not one byte is sent, which would be a message's.
        #expect(lines.last == "DATA")
    }

    @Test func aClientThatIsRefusedAtOnceIsAnAnswer() async throws {
        let answers = try await attempts(RelayAttempt(as: .told(try IPAddress("2001:db8::1")), to: ["a@example.net"]))
        #expect(answers.map { $0.refusal?.code } == [554] && answers[0].recipients.isEmpty)
    }

    @Test func aServerThatDoesNotBelieveThisHostIsNone() async throws {
        await #expect {
            _ = try await attempts(RelayAttempt(as: .told(try IPAddress("10.9.9.9")), to: ["a@example.net"]))
        } throws: { "\($0)".contains("answered XCLIENT with '550 5.7.0") }
    }

    @Test func whoIsCutOffAfterARefusalWasRefused() async throws {
        let answers = try await serving(answer: { line in
            if line == "RCPT TO:<b@example.net>" { return nil }
            return line.hasPrefix("RCPT") ? "554 no\r\n" : "250 ok\r\n"
        }) { server in
            try await RelayProbe().attempts(
                [RelayAttempt(as: .thisHost, to: ["a@example.net", "b@example.net", "c@example.net"])],
                at: ProbedDoor(server, from: server.address, patience: unhurried)
            )
        }
        #expect(answers[0].recipients.map(\.code) == [554])
    }

    @Test func aStrangersHeaderIsHisAndARefusalOfItsConnectionAnAnswer() async throws {
        let stranger = try IPAddress("192.0.2.25")
        let answers = try await serving(
            greeting: "",
            answer: { line in
                if line.hasPrefix("PROXY TCP4 192.0.2.25 127.0.0.1 ") { return "554 5.7.1 no\r\n" }
                return line.hasPrefix("PROXY") ? "220 relay\r\n" : "250 ok\r\n"
            }
        ) { server in
            try await RelayProbe().attempts(
                [RelayAttempt(as: .proxied(stranger), to: ["a@example.net"])],
                at: ProbedDoor(server, from: server.address, isProxied: true, patience: unhurried)
            )
        }
        #expect(answers.map { $0.refusal?.code } == [554])
    }

    @Test func controlCharactersOfAServerAreNotPrinted() {
        let reply = SMTPReply(code: 550, lines: ["\u{1B}[2Jno", "\u{9B}31m"])
        #expect(!"\(reply)".unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
        let failure = SMTPFailure(
            server: SMTPServer(IPAddress(bytes: [10, 0, 0, 1]), port: 25),
            reason: .loginRefused(reply)
        )
        #expect(!"\(failure)".unicodeScalars.contains("\u{1B}"))
    }
}
