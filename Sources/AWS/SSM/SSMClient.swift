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

    private struct NewParameter: Encodable {
        let Name: String
        let Value: String
        let `Type` = "SecureString"
        let Overwrite = false
    }

    private struct Answer: Decodable {
        struct Parameter: Decodable {
            let Value: String
            let Version: Int?
        }
        let Parameter: Parameter
    }

    package func parameter(_ name: ParameterName) async throws(AWSFailure) -> Secret {
        Secret(try await version(name).text)
    }

    /// Stores a new SecureString, which replaces none (PutParameter).
    package func store(_ name: ParameterName, _ secret: Secret) async throws(AWSFailure) {
        let order = NewParameter(Name: name.description, Value: secret.value)
        let body = (try? JSONEncoder().encode(order)) ?? Data()
        _ = try await client.callJSON("AmazonSSM", "PutParameter", Array(body))
    }

    /// A parameter's value, and the number of its version.
    package func version(_ name: ParameterName) async throws(AWSFailure) -> (text: String, number: Int?) {
        // The name is of plain characters, so there is nothing that could fail in writing it down.
        let question = (try? JSONEncoder().encode(Question(Name: name.description))) ?? Data()
        let answer = try await client.callJSON("AmazonSSM", "GetParameter", Array(question))
        guard let decoded = try? JSONDecoder().decode(Answer.self, from: Data(answer)) else {
            // The error does not quote the answer: the password may be in it.
            throw AWSFailure(action: "ssm:GetParameter", reason: .unreadable("no JSON with a parameter's value"))
        }
        return (decoded.Parameter.Value, decoded.Parameter.Version)
    }
}
