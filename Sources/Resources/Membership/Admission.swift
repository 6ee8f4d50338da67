/// Asks whether a node may be in a load balancer, as seldom as will do.
package struct Admission: Sendable {
    private let memory: AdmissionMemory
    private let period: AdmissionPeriod

    private let noteWay: @Sendable (_ way: String?, _ place: String) -> Void

    /// - Parameter noteWay: Is told the way to other nodes through a place that this one may be in.
    package init(
        _ memory: AdmissionMemory,
        _ period: AdmissionPeriod,
        noteWay: @escaping @Sendable (_ way: String?, _ place: String) -> Void
    ) {
        (self.memory, self.period, self.noteWay) = (memory, period, noteWay)
    }

    /// Whether a registered node may stay, also if another program registered it. An answer counts for a while.
    func toStay(in place: any LoadBalancerPlace, isInService: Bool) async -> AdmissionMemory.Answer {
        let side = await place.side()
        let period = isInService ? period : period.whileNotInService
        if let known = memory.answer(of: place.name, side: side, period) { return known }
        do {
            return .yes(try await ask(place, side))
        } catch let refusal as any PlaceRefusal {
            return .no(refusal)
        } catch {
            return .unclear(error)
        }
    }

    /// Whether a node that is not registered may join. Only a refusal counts for a while.
    ///
    /// - Returns: The other faults of the load balancer.
    /// - Throws: A `PlaceRefusal`, or why the answer is unknown.
    func toJoin(_ place: any LoadBalancerPlace) async throws -> [PlaceFinding] {
        let side = await place.side()
        if case .no(let refusal) = memory.answer(of: place.name, side: side, period) { throw refusal }
        return try await ask(place, side).findings()
    }

    private func ask(_ place: any LoadBalancerPlace, _ side: String) async throws -> PlaceReview {
        do {
            let review = try await place.review()
            memory.keep(.yes(review), of: place.name, side: side)
            await keepWay(through: place, review)
            return review
        } catch {
            memory.keep((error as? any PlaceRefusal).map { .no($0) } ?? .unclear(error), of: place.name, side: side)
            throw error
        }
    }

    /// A way that can't be told now is no reason to stay out: the one that was known before may still be right.
    private func keepWay(through place: any LoadBalancerPlace, _ review: PlaceReview) async {
        do {
            noteWay(try await review.way(), place.name)
        } catch is HandOverRefused {
            noteWay(nil, place.name)
        } catch {
            return
        }
    }
}
