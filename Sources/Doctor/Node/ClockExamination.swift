import AWS
import HTTP

/// The difference between this host's clock and that of AWS's API.
struct ClockExamination: Examination {
    let name = "clock"
    /// The API's address; anything that it answers has a date. `nil` where there is none, which the calls report.
    let url: String?
    let transport: any HTTPTransport
    let time: TimeSource

    func findings() async throws -> [Finding] {
        guard let url else { return [] }
        let response = try await transport.send(HTTPRequest(.get, url), timeout: .seconds(8))
        guard let date = response["Date"], let server = CivilDate.seconds(httpDate: date) else { return [] }
        return Self.judge(time.secondsSinceEpoch() - server)
    }

    /// - Parameter ahead: Seconds; negative where this host's clock is behind.
    static func judge(_ ahead: Double) -> [Finding] {
        guard abs(ahead) > tolerated else { return [] }
        return [
            Finding(
                .clockWrong,
                abs(ahead) > forgiven ? .critical : .warning,
                seen: "this host's clock is \(Int(abs(ahead))) s \(ahead > 0 ? "ahead of" : "behind") AWS's",
                why: abs(ahead) > forgiven
                    ? "AWS refuses signed calls, TLS certificates seem invalid, and mail bears a wrong date"
                    : "mail bears a wrong date; from five minutes on, AWS refuses signed calls",
                fix: "chronyc makestep; chronyc tracking"
            )
        ]
    }

    /// Seconds: more than an answer's way takes, with the whole second that its date is cut to.
    private static let tolerated = 30.0
    /// Seconds: what AWS's signatures forgive.
    private static let forgiven = 300.0
}
