import FoundationEssentials
package import Vocabulary

/// The part of Systems Manager's API that a node needs.
package protocol ParameterReading: Sendable {
    /// A parameter's value, decrypted where it is a SecureString.
    func parameter(_ name: ParameterName) async throws(AWSFailure) -> Secret
}

/// Systems Manager's API, over the network (GetParameter; Systems Manager API Reference).
package struct SSMClient: ParameterReading {
    private let client: QueryClient

    package init(_ client: QueryClient) {
        self.client = client
    }

    private struct Question: Encodable {
        let Name: String
        let WithDecryption = true
    }

    private struct Answer: Decodable {
        struct Parameter: Decodable {
            let Value: String
        }
        let Parameter: Parameter
    }

    package func parameter(_ name: ParameterName) async throws(AWSFailure) -> Secret {
        // The name is of plain characters, so there is nothing that could fail in writing it down.
        let question = (try? JSONEncoder().encode(Question(Name: name.description))) ?? Data()
        let answer = try await client.callJSON("AmazonSSM", "GetParameter", Array(question))
        guard let decoded = try? JSONDecoder().decode(Answer.self, from: Data(answer)) else {
            // The error does not quote the answer: the password may be in it.
            throw AWSFailure(action: "ssm:GetParameter", reason: .unreadable("no JSON with a parameter's value"))
        }
        return Secret(decoded.Parameter.Value)
    }
}
