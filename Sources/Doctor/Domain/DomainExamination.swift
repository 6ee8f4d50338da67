import Host

/// A look at one thing that receivers judge a domain's mail by. It changes nothing.
protocol DomainExamination: Sendable {
    /// The part of the table: `SPF`.
    var name: String { get }
    /// An error says that the examination could not look.
    func part() async throws -> DomainPart
}

extension DomainExamination {
    /// Its part of the table. A look that fails or hangs is a finding, and stops no other.
    func outcome(limit: Duration = .seconds(60)) async -> DomainPart {
        do {
            return try await within(limit) { try await part() }
        } catch is TookTooLong {
            let seen = "the look at \(name) did not end within \(limit)"
            return .unknown(name, seen, [Finding(.examinationTimedOut, seen: seen)])
        } catch {
            return .unknown(name, "could not be looked at: \(error)", [Finding(notExamined: name, error)])
        }
    }
}

extension DomainPart {
    /// A line about something that can't be told from here.
    static func unknown(_ name: String, _ seen: String, _ findings: [Finding] = []) -> DomainPart {
        DomainPart([DomainLine(part: name, verdict: .unknown, seen: seen)], findings)
    }
}

extension Array where Element: Sendable {
    /// The results of the same work on each element, in their order. The work is done at the same time.
    func mapAtOnce<Result: Sendable>(_ work: @escaping @Sendable (Element) async -> Result) async -> [Result] {
        await withTaskGroup(of: (index: Int, result: Result).self) { group in
            for (index, element) in enumerated() { group.addTask { (index, await work(element)) } }
            var results: [(index: Int, result: Result)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.index < $1.index }.map(\.result)
        }
    }
}
