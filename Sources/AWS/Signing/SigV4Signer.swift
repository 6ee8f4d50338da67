import Crypto
package import HTTP

/// AWS Signature Version 4, in the Authorization header
/// (IAM User Guide, "Create a signed AWS API request").
///
/// A pure value: the same request at the same time has the same signature.
package struct SigV4Signer: Sendable {
    private let credentials: Credentials
    private let region: String
    private let service: String

    package init(credentials: Credentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The request with the headers that prove who sent it: `Host`, `X-Amz-Date`, the session token's, and
    /// `Authorization`. Those that it brought are replaced, so that a signed request can be signed anew.
    ///
    /// - Parameter seconds: The time of signing, since 1970; AWS refuses more than five minutes' difference.
    package func sign(_ request: HTTPRequest, at seconds: Double) -> HTTPRequest {
        steps(request, at: seconds).request
    }

    /// A signed request and the texts that led there, as AWS's documentation and test suite name them.
    package struct Steps: Sendable {
        package let request: HTTPRequest
        package let canonicalRequest: String
        package let stringToSign: String
        package let signature: String
    }

    /// Signs a request, step by step. The texts hold the session token: they are for tests, never for a log.
    package func steps(_ request: HTTPRequest, at seconds: Double) -> Steps {
        let date = CivilDate(secondsSinceEpoch: seconds)
        var signed = request
        signed.headers.removeAll { Self.ownHeaders.contains($0.name.lowercased()) }
        signed.headers.append(HTTPHeader("Host", URLParts(request.url)?.authority ?? ""))
        signed.headers.append(HTTPHeader("X-Amz-Date", date.basic))
        if let token = credentials.sessionToken {
            signed.headers.append(HTTPHeader("X-Amz-Security-Token", token))
        }
        let canonical = CanonicalRequest(signed)
        let scope = "\(date.day)/\(region)/\(service)/aws4_request"
        let digest = hex(SHA256.hash(data: Array(canonical.text.utf8)))
        let stringToSign = ["AWS4-HMAC-SHA256", date.basic, scope, digest].joined(separator: "\n")
        let signature = hex(mac(key(for: date), stringToSign))
        signed.headers.append(
            HTTPHeader(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), "
                    + "SignedHeaders=\(canonical.signedHeaders), Signature=\(signature)"
            )
        )
        return Steps(
            request: signed,
            canonicalRequest: canonical.text,
            stringToSign: stringToSign,
            signature: signature
        )
    }

    /// The SHA-256 of an empty body, which S3 wants as a header.
    static let digestOfNothing = hex(SHA256.hash(data: [UInt8]()))

    private static let ownHeaders: Set = ["host", "x-amz-date", "x-amz-security-token", "authorization"]

    private func key(for date: CivilDate) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretAccessKey)".utf8))
        for part in [date.day, region, service, "aws4_request"] { key = SymmetricKey(data: mac(key, part)) }
        return key
    }

    private func mac(_ key: SymmetricKey, _ text: String) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }
}

/// A request in the one form that both sides of a signature make of it.
struct CanonicalRequest {
    let text: String
    /// The headers' names, as `SignedHeaders` lists them.
    let signedHeaders: String

    init(_ request: HTTPRequest) {
        let path = URLParts(request.url)?.path ?? "/"
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let headers = Self.headers(request.headers)
        self.signedHeaders = headers.map(\.name).joined(separator: ";")
        self.text = [
            request.method.rawValue,
            Self.normalized(parts[0]).percentEncoded(slash: false),
            parts.count == 2 ? Self.query(parts[1]) : "",
            headers.map { "\($0.name):\($0.value)\n" }.joined(),
            signedHeaders,
            hex(SHA256.hash(data: request.body)),
        ].joined(separator: "\n")
    }

    private static func headers(_ headers: [HTTPHeader]) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for header in headers {
            let folded = header.value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            values[header.name.lowercased(), default: []].append(folded)
        }
        return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.joined(separator: ",")) }
    }

    /// The query's pairs, percent-encoded whether they came so or not, in the order of their bytes.
    private static func query(_ query: Substring) -> String {
        let pairs = query.split(separator: "&").map { pair -> (String, String) in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.percentDecoded.percentEncoded() }
            return (parts[0], parts.count == 2 ? parts[1] : "")
        }
        return pairs.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    /// The path without `.`, `..` and double slashes, as every service but S3 signs it.
    private static func normalized(_ path: Substring) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") {
            switch segment {
            case ".": continue
            case "..": _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        let joined = "/" + segments.joined(separator: "/")
        return path.hasSuffix("/") && joined != "/" ? joined + "/" : joined
    }
}

private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
