import HTTP
package import Vocabulary

/// The part of S3's API that a node needs (GetObject; Amazon S3 API Reference).
package struct S3Client: Sendable {
    private let client: QueryClient
    private let endpoint: ServiceEndpoint

    /// - Parameter endpoint: The region's.
    package init(_ client: QueryClient, endpoint: ServiceEndpoint) {
        self.client = client
        self.endpoint = endpoint
    }

    /// An object's text, and its ETag.
    package func object(_ key: ObjectKey, in bucket: BucketName) async throws(AWSFailure) -> (text: String, tag: String)
    {
        let url: String
        do throws(EndpointFailure) {
            url = try endpoint.url(of: key, in: bucket)
        } catch {
            throw AWSFailure(action: "s3:GetObject", reason: .noEndpoint(error))
        }
        let response = try await client.get("GetObject", url)
        guard let text = String(validating: response.body, as: UTF8.self) else {
            throw AWSFailure(action: "s3:GetObject", reason: .unreadable("no text in UTF-8"))
        }
        let tag = (response["ETag"] ?? "").filter { $0 != "\"" }
        return (text, tag)
    }
}

extension ServiceEndpoint {
    /// An object's address (S3 User Guide, "Virtual hosting of general purpose buckets"): the bucket is a label of the host.
    /// With dots in it, the certificate would not hold, and where a variable names another place, its name is that place's.
    func url(of key: ObjectKey, in bucket: BucketName) throws(EndpointFailure) -> String {
        let url = try self.url.get()
        let scheme = "https://"
        let rest = url.dropFirst(scheme.count)
        guard !bucket.hasDots, url.hasPrefix(scheme), rest.hasPrefix("s3"), rest.contains(".\(region).") else {
            return "\(url)\(bucket)/\(key)"
        }
        return "\(scheme)\(bucket).\(rest)\(key)"
    }
}
