import AWS
import Vocabulary

/// The doors of an internet-facing load balancer that hide the senders' addresses from Postfix.
struct MaskedDoors {
    /// As `OpenDoor` has them.
    let name: String
    let masked: String
    let unmasking: String
    /// The load balancer's.
    let ports: [UInt16]
    let securityGroups: [String]
    /// The families of the senders that are masked.
    let families: Set<IPAddress.Family>

    /// - Throws: `OpenDoor`, or `UnclearDoor` and what the API's calls throw where it can't be told.
    func refuseIfOpen(_ ec2: any EC2Describing) async throws {
        guard let first = ports.first else { return }
        guard !securityGroups.isEmpty else { throw refusal(.unguarded, first) }
        try await ec2.refuseOpenPorts(ports, of: securityGroups, to: families, name: name) { openings, port in
            refusal(.securityGroups(openings), port)
        }
    }

    private func refusal(_ door: OpenDoor.Door, _ port: UInt16) -> OpenDoor {
        OpenDoor(name: name, door: door, port: port, masked: masked, unmasking: unmasking)
    }
}
