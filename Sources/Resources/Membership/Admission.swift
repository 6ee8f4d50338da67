/// Asks whether a node may be in a load balancer, as seldom as will do.
package struct Admission: Sendable {
    private let memory: AdmissionMemory
    private let period: AdmissionPeriod

    package init(_ memory: AdmissionMemory, _ period: AdmissionPeriod) {
        (self.memory, self.period) = (memory, period)
    }

    /// Whether a node that is registered, by whomever, may stay. An answer counts for a while.
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
    /// - Returns: What is wrong with the load balancer otherwise.
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
            return review
        } catch {
            memory.keep((error as? any PlaceRefusal).map { .no($0) } ?? .unclear(error), of: place.name, side: side)
            throw error
        }
    }
}
