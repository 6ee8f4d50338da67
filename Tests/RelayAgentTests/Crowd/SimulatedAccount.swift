import HTTP
import Synchronization

/// An account's API of classic load balancers, with the limits that AWS publishes for it: a store of calls for those that read,
/// and one for those that change something, each filled again at a steady rate.
final class SimulatedAccount: HTTPTransport {
    private struct Store {
        let rate: Double
        var calls: Double
        var filledAt: Duration = .zero

        init(rate: Double) { (self.rate, self.calls) = (rate, rate) }

        mutating func take(at now: Duration) -> Bool {
            calls = min(rate, calls + rate * ((now - filledAt) / .seconds(1)))
            filledAt = now
            guard calls >= 1 else { return false }
            calls -= 1
            return true
        }
    }

    private struct State {
        var reading = Store(rate: 40)
        var changing = Store(rate: 10)
        var members: [String: Duration] = [:]
        /// By second.
        var calls: [Int: Int] = [:]
        var throttled: [Int: Int] = [:]
        var outage: Range<Duration>?
    }

    private let time: SimulatedTime
    private let state = Mutex(State())

    /// A load balancer calls a node in service after two checks.
    private static let checks: Duration = .seconds(10)

    init(_ time: SimulatedTime) {
        self.time = time
    }

    /// Nothing answers in that time.
    func fail(in outage: Range<Duration>) { state.withLock { $0.outage = outage } }

    /// The number of calls in each second of a part of the time.
    func calls(in times: Range<Duration>) -> [Int] { Self.counts(state.withLock { $0.calls }, times) }
    func throttled(in times: Range<Duration>) -> Int {
        Self.counts(state.withLock { $0.throttled }, times).reduce(0, +)
    }

    private static func counts(_ all: [Int: Int], _ times: Range<Duration>) -> [Int] {
        (Int(times.lowerBound.components.seconds)..<Int(times.upperBound.components.seconds)).map { all[$0] ?? 0 }
    }

    func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPFailure) -> HTTPResponse {
        let fields = String(decoding: request.body, as: UTF8.self).split(separator: "&").map {
            $0.split(separator: "=")
        }
        func field(_ name: String) -> String {
            fields.first { $0[0] == name }.flatMap { $0.last.map(String.init) } ?? ""
        }
        let action = field("Action")
        try? await time.sleep(.milliseconds(20) + .milliseconds(60) * time.random())
        let now = time.now
        let isDown = state.withLock { state in
            state.calls[Int(now.components.seconds), default: 0] += 1
            return state.outage?.contains(now) ?? false
        }
        if isDown {
            try? await time.sleep(timeout)
            throw HTTPFailure(url: request.url, reason: .timedOut(after: timeout))
        }
        return state.withLock { state in
            let isReading = action.hasPrefix("Describe")
            guard isReading ? state.reading.take(at: now) : state.changing.take(at: now) else {
                state.throttled[Int(now.components.seconds), default: 0] += 1
                return HTTPResponse(
                    status: 400,
                    text:
                        "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
                )
            }
            let node = field("Instances.member.1.InstanceId")
            switch action {
            case "RegisterInstancesWithLoadBalancer":
                state.members[node] = state.members[node] ?? now
                return HTTPResponse(status: 200, text: "<R/>")
            case "DescribeInstanceHealth":
                return HTTPResponse(status: 200, text: Self.health(node, since: state.members[node], now))
            default:
                return HTTPResponse(status: 200, text: Self.description)
            }
        }
    }

    private static func health(_ node: String, since: Duration?, _ now: Duration) -> String {
        let isInService = since.map { now - $0 >= checks } ?? false
        let why = since == nil ? "Instance is not currently registered with the LoadBalancer." : "N/A"
        return """
            <R><DescribeInstanceHealthResult><InstanceStates><member><Description>\(why)</Description>\
            <InstanceId>\(node)</InstanceId><State>\(isInService ? "InService" : "OutOfService")</State>\
            <ReasonCode>Instance</ReasonCode></member></InstanceStates></DescribeInstanceHealthResult></R>
            """
    }

    private static let description = """
        <R><DescribeLoadBalancersResult><LoadBalancerDescriptions><member><LoadBalancerName>mail-relay</LoadBalancerName>\
        <Scheme>internal</Scheme><DNSName>mail-relay.example.com</DNSName><ListenerDescriptions/><BackendServerDescriptions/>\
        </member></LoadBalancerDescriptions></DescribeLoadBalancersResult></R>
        """
}
