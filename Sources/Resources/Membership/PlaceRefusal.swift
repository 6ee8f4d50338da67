/// Why a node must not be in a load balancer: it would make an open relay, or all mail would fail.
package protocol PlaceRefusal: Error, CustomStringConvertible {
    /// The load balancer, as an operator names it.
    var name: String { get }
    /// The fault, its effect, and the cure.
    var why: String { get }
    /// The cure: commands, as a rule.
    var cure: String { get }
}

extension PlaceRefusal {
    package var description: String { "will not join \(name): \(why)" }
}

/// The node was in a load balancer that it must not be in, and is out of it now.
package struct LeftPlace: Error, CustomStringConvertible {
    package let refusal: any PlaceRefusal

    package var description: String { "has left, and \(refusal)" }
}

/// The node is in a load balancer that it must not be in, and could not be taken out.
package struct StillInPlace: Error, CustomStringConvertible {
    package let refusal: any PlaceRefusal
    /// Why it could not.
    package let cause: any Error

    package var description: String {
        "must not be in \(refusal.name), but could not leave it (\(cause)): \(refusal.why)"
    }
}

/// Asks several questions that each may be answered with a refusal.
///
/// - Throws: The first `PlaceRefusal`, even if another question failed; otherwise the first other error.
func askAll(_ questions: [() async throws -> Void]) async throws {
    var doubt: (any Error)?
    for question in questions {
        do {
            try await question()
        } catch let refusal as any PlaceRefusal {
            throw refusal
        } catch {
            doubt = doubt ?? error
        }
    }
    if let doubt { throw doubt }
}
