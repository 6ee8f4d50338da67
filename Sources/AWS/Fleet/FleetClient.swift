package import Vocabulary

/// Reads the settings for the whole fleet.
package protocol FleetReading: Sendable {
    /// The newest version.
    func document(at place: FleetPlace) async throws(AWSFailure) -> FleetDocument
}

/// The settings for the whole fleet, over the network.
package struct FleetClient: FleetReading {
    private let ssm: SSMClient
    private let s3: S3Client

    package init(ssm: SSMClient, s3: S3Client) {
        self.ssm = ssm
        self.s3 = s3
    }

    package func document(at place: FleetPlace) async throws(AWSFailure) -> FleetDocument {
        switch place {
        case .parameter(let name):
            let answer = try await ssm.version(name)
            let version = answer.number.map(String.init) ?? "of unknown number"
            return FleetDocument(place: place, version: version, text: answer.text)
        case .object(let bucket, let key):
            let answer = try await s3.object(key, in: bucket)
            return FleetDocument(place: place, version: answer.tag, text: answer.text)
        }
    }
}
