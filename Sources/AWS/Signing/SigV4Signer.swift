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

    /// The request with the headers that prove who sent it: `X-Amz-Date`, the session token's, and `Authorization`.
    ///
    /// - Parameter seconds: The time of signing, since 1970; AWS refuses more than five minutes' difference.
    package func sign(_ request: HTTPRequest, at seconds: Double) -> HTTPRequest {
        let date = CivilDate(secondsSinceEpoch: seconds)
        var signed = request
        if !signed.headers.contains(where: { $0.name.lowercased() == "host" }) {
            signed.headers.append(HTTPHeader("Host", Self.authority(of: request.url)))
        }
        if !signed.headers.contains(where: { $0.name.lowercased() == "x-amz-date" }) {
            signed.headers.append(HTTPHeader("X-Amz-Date", date.basic))
        }
        if let token = credentials.sessionToken {
            signed.headers.append(HTTPHeader("X-Amz-Security-Token", token))
        }
        let canonical = Self.canonicalRequest(signed)
        let scope = "\(date.day)/\(region)/\(service)/aws4_request"
        let stringToSign = Self.stringToSign(canonical.text, date: date, scope: scope)
        let signature = hex(mac(key(for: date), stringToSign))
        signed.headers.append(
            HTTPHeader(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), "
                    + "SignedHeaders=\(canonical.signedHeaders), Signature=\(signature)"
            )
        )
        return signed
    }

    static func canonicalRequest(_ request: HTTPRequest) -> (text: String, signedHeaders: String) {
        let path = URLParts(request.url)?.path ?? "/"
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let headers = canonicalHeaders(request.headers)
        let names = headers.map(\.name).joined(separator: ";")
        let text = [
            request.method.rawValue,
            normalized(String(parts[0])).percentEncoded(slash: false),
            parts.count == 2 ? canonicalQuery(parts[1]) : "",
            headers.map { "\($0.name):\($0.value)\n" }.joined(),
            names,
            hex(SHA256.hash(data: request.body)),
        ].joined(separator: "\n")
        return (text, names)
    }

    static func stringToSign(_ canonicalRequest: String, date: CivilDate, scope: String) -> String {
        let digest = hex(SHA256.hash(data: Array(canonicalRequest.utf8)))
        return ["AWS4-HMAC-SHA256", date.basic, scope, digest].joined(separator: "\n")
    }

    private static func canonicalHeaders(_ headers: [HTTPHeader]) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for header in headers {
            let folded = header.value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            values[header.name.lowercased(), default: []].append(folded)
        }
        return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.joined(separator: ",")) }
    }

    /// The query's pairs, which are percent-encoded already, in the order of their bytes.
    private static func canonicalQuery(_ query: Substring) -> String {
        let pairs = query.split(separator: "&").map { pair -> (String, String) in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
        }
        return pairs.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    /// The path without `.`, `..` and double slashes, as every service but S3 signs it.
    private static func normalized(_ path: String) -> String {
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

    private static func authority(of url: String) -> String {
        guard let parts = URLParts(url) else { return "" }
        let host = parts.host.contains(":") ? "[\(parts.host)]" : parts.host
        return parts.port.map { "\(host):\($0)" } ?? host
    }

    private func key(for date: CivilDate) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretAccessKey)".utf8))
        for part in [date.day, region, service, "aws4_request"] { key = SymmetricKey(data: mac(key, part)) }
        return key
    }
}

private func mac(_ key: SymmetricKey, _ text: String) -> HMAC<SHA256>.MAC {
    HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
}

private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
