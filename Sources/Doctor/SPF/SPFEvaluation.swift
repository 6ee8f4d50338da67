import Host
import Vocabulary

/// Evaluates a domain's SPF record for one address, as a receiver does (RFC 7208, section 4).
struct SPFEvaluation {
    let question: SPFQuestion
    let names: any DNSAnswering
    var limits = SPFLimits()
    /// The names of the sending address that lead back to it, once they have been looked up.
    var validatedNames: [String]?

    /// The answer of the domain's records.
    static func answer(to question: SPFQuestion, by names: any DNSAnswering) async -> SPFOutcome {
        var evaluation = SPFEvaluation(question: question, names: names)
        do throws(SPFFailure) {
            switch try await evaluation.check(question.domain) {
            case .none(let reason): return SPFOutcome(result: .none, reason: reason)
            case .decided(let decision):
                var outcome = SPFOutcome(result: decision.result, reason: decision.reason)
                if decision.result == .fail { outcome.explanation = await evaluation.explanation(of: decision) }
                return outcome
            }
        } catch {
            return SPFOutcome(result: error.isTemporary ? .temperror : .permerror, reason: error.reason)
        }
    }

    /// The answer of one record, the domain's own or one that it leads to.
    enum Answer {
        case none(SPFReason)
        case decided(Decision)
    }

    struct Decision {
        let result: SPFResult
        var reason: SPFReason
        /// The record that decided, whose explanation counts.
        let domain: String
        let explanation: SPFModifier?
    }

    /// `check_host()` of RFC 7208.
    mutating func check(_ domain: String) async throws(SPFFailure) -> Answer {
        guard SPFName.isDomain(domain) else { return .none(.noDomain(domain)) }
        let records = try await texts(domain).filter(SPFRecord.isRecord)
        guard let text = records.first else { return .none(.noRecord(domain)) }
        guard records.count == 1 else { throw .permanent(.severalRecords(domain, count: records.count)) }
        let record = try Self.read(text, domain)
        for directive in record.directives {
            let place = SPFPlace(term: directive.text, domain: domain)
            guard let further = try await match(directive.mechanism, place) else { continue }
            return .decided(
                Decision(
                    result: directive.qualifier,
                    reason: .matched([place] + further),
                    domain: domain,
                    explanation: record.explanation
                )
            )
        }
        guard let redirect = record.redirect else {
            return .decided(
                Decision(result: .neutral, reason: .nothingMatched(domain), domain: domain, explanation: nil)
            )
        }
        return .decided(try await follow(redirect, SPFPlace(term: redirect.text, domain: domain)))
    }

    private static func read(_ text: String, _ domain: String) throws(SPFFailure) -> SPFRecord {
        do throws(SPFSyntaxError) {
            return try SPFRecord(text)
        } catch {
            throw .permanent(.syntax(SPFPlace(term: error.term, domain: domain), fault: error.fault))
        }
    }

    /// The other record decides in place of this one, its explanation included (RFC 7208, section 6.1).
    private mutating func follow(_ redirect: SPFModifier, _ place: SPFPlace) async throws(SPFFailure) -> Decision {
        try limits.count(place)
        let name = try await name(redirect.domain, place)
        guard case .decided(var decision) = try await check(name) else {
            throw .permanent(.leadsNowhere(place, name: name))
        }
        if case .matched(let places) = decision.reason { decision.reason = .matched([place] + places) }
        return decision
    }

    /// The texts of a domain. A missing record is no void look-up: a term that leads to it breaks in any case.
    private func texts(_ domain: String) async throws(SPFFailure) -> [String] {
        do throws(DNSFailure) {
            return try await names.texts(domain)
        } catch {
            if error == .badName { return [] }
            throw .temporary(.lookUpFailed(domain, .txt, error))
        }
    }

    /// The text for a sender that is refused. Where it can't be had, there is none, and nothing else changes (RFC 7208,
    /// section 6.2).
    private mutating func explanation(of decision: Decision) async -> String? {
        guard let modifier = decision.explanation else { return nil }
        let place = SPFPlace(term: modifier.text, domain: decision.domain)
        // The answer stands; these look-ups count no more.
        limits = SPFLimits()
        guard let name = try? await name(modifier.domain, place), SPFName.isValid(name),
            let texts = try? await texts(name), texts.count == 1,
            let text = try? SPFMacroString(texts[0], in: .explanation),
            let values = try? await values(for: text, place)
        else { return nil }
        return text.expanded(values)
    }
}
