import Host
import RelayNode
import SystemPackage
import Vocabulary

/// Finds a parameter of `[postfix]` that Postfix does not know, or can't work with, before it is in force.
struct OperatorParameterJudge {
    let runner: any CommandRunner

    /// - Parameters:
    ///   - wanted: The configuration that the files are of.
    ///   - directory: The folder with the candidate.
    ///   - texts: The candidate's main.cf and master.cf.
    /// - Throws: `RefusedParameter`; an `InvalidCandidate` where Postfix can't read main.cf at all.
    func judge(_ wanted: PostfixConfiguration, in directory: FilePath, main: MainCf, master: MasterCf) async throws {
        guard !wanted.section.isEmpty else { return }
        let output = try await runner.run(Command("postconf", ["-c", directory.string, "-n"]))
        guard output.status == 0 else { throw InvalidCandidate(judge: "postconf -n", verdict: output.tail()) }
        let names = wanted.section.map(\.name)
        let standard = try await runner.run(Command("postconf", ["-c", directory.string, "-d"] + names))
        let (understood, defaults) = (MainCf(output.standardOutput), MainCf(standard.standardOutput))
        let warnings = output.standardError.split(separator: "\n").filter { $0.contains("warning: ") }
        for parameter in wanted.section {
            let reading = understood[parameter.name]
            guard reading != nil || isUsed(parameter.name, main, master) else {
                throw RefusedParameter(parameter, reason: Self.unknown)
            }
            let mentioning = warnings.filter { $0.words.contains(Substring(parameter.name)) }
            if let warning = mentioning.first(where: { !$0.contains("unused parameter: ") }) {
                throw RefusedParameter(parameter, reason: "Postfix warns of it: \(warning.warning.escapedForDisplay)")
            }
            if let form = ParameterForm(of: parameter.name, standard: defaults[parameter.name]),
                !form.allows(parameter.value)
            {
                throw RefusedParameter(parameter, reason: "Postfix expects \(form.expectation) there")
            }
        }
    }

    private static let unknown = """
        this Postfix does not know it, and nothing uses it; look for its name in 'postconf -d', or remove it
        """

    /// Whether another line uses a parameter that Postfix itself does not have. postconf(1) before 2.9 tells of none of
    /// these.
    private func isUsed(_ name: String, _ main: MainCf, _ master: MasterCf) -> Bool {
        let values = main.values.values + master.entries.flatMap(\.arguments)
        if values.contains(where: { $0.names(parameter: name) }) { return true }
        if let classes = main["smtpd_restriction_classes"], classes.words.contains(Substring(name)) { return true }
        return master.entries.contains { entry in
            Self.endings.contains { name == "\(entry.service)\($0)" }
        }
    }

    /// The endings of the parameters that each transport may have for itself (postconf(5), "transport_").
    private static let endings = [
        "_destination_concurrency_limit", "_destination_rate_delay", "_destination_recipient_limit",
        "_initial_destination_concurrency", "_destination_concurrency_failed_cohort_limit",
        "_destination_concurrency_negative_feedback", "_destination_concurrency_positive_feedback",
        "_delivery_slot_cost", "_delivery_slot_discount", "_delivery_slot_loan", "_minimum_delivery_slots",
        "_recipient_limit", "_recipient_refill_limit", "_recipient_refill_delay", "_extra_recipient_limit",
        "_transport_rate_delay", "_time_limit", "_destination_concurrency_failed_cohort_limit",
    ]
}

/// A parameter of `[postfix]` that was not put in force.
struct RefusedParameter: Error, CustomStringConvertible {
    let parameter: OperatorParameter
    let reason: String

    init(_ parameter: OperatorParameter, reason: String) {
        self.parameter = parameter
        self.reason = reason
    }

    var description: String {
        "\(parameter.inWords): \(reason). Nothing was changed"
    }
}

extension OperatorParameter {
    /// The place, the key and the value.
    var inWords: String { "\(place): postfix.\(name) = '\(value.escapedForDisplay)'" }
}

extension StringProtocol {
    /// The parts that may be parameters' names.
    fileprivate var words: [SubSequence] {
        split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-")) }
    }

    /// A line of postconf's, from what it warns of on.
    fileprivate var warning: String {
        guard let range = firstRange(of: "warning: ") else { return String(self) }
        return String(self[range.upperBound...])
    }

    /// Whether it has `$name`, `${name` or `$(name` (postconf(5)).
    fileprivate func names(parameter name: String) -> Bool {
        ["$", "${", "$("].contains { opening in
            ranges(of: "\(opening)\(name)").contains { range in
                guard let next = self[range.upperBound...].first else { return true }
                return !(next.isLetter || next.isNumber || next == "_")
            }
        }
    }
}
