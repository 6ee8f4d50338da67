package import AWS
import Vocabulary

/// A prefix list decides whether the internet may come in, and could not be read.
package struct UnclearDoor: Error, CustomStringConvertible {
    /// The load balancer, as an operator names it.
    package let name: String
    package let group: String
    package let list: String
    package let port: UInt16
    package let failure: AWSFailure

    package var description: String {
        """
        can't tell whether this node would be an open relay in \(name): security group \(group) lets prefix list \(list) in \
        on port \(port), and \(failure)
        """
    }
}

extension EC2Describing {
    /// Refuses ports on which security groups let the internet in.
    ///
    /// - Parameters:
    ///   - families: The families of the addresses that count.
    ///   - name: The name of the load balancer that the node would join.
    ///   - refusal: The error for a port that these openings leave open.
    /// - Throws: The refusal, or `UnclearDoor` and the errors of the API's calls where the answer is not known.
    func refuseOpenPorts(
        _ ports: [UInt16],
        of securityGroups: [String],
        to families: Set<IPAddress.Family> = [.ipv4, .ipv6],
        name: String,
        _ refusal: @escaping ([Ingress.Opening], UInt16) -> any PlaceRefusal
    ) async throws {
        let ingress = try await ingress(of: securityGroups, on: ports)
        try await askAll(
            ports.map { port in
                {
                    switch ingress.exposure(on: port, to: families) {
                    case .closed: break
                    case .world(let openings): throw refusal(openings, port)
                    case .unknown(let list, let group, let failure):
                        throw UnclearDoor(name: name, group: group, list: list, port: port, failure: failure)
                    }
                }
            }
        )
    }
}
