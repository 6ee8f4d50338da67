/// A request to send.
package struct HTTPRequest: Sendable, Equatable {
    package enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
    }

    package var method: Method
    package var url: String
    package var headers: [HTTPHeader]
    package var body: [UInt8]

    package init(_ method: Method, _ url: String, headers: [HTTPHeader] = [], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// A header field.
package struct HTTPHeader: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// An answer of any status.
package struct HTTPResponse: Sendable, Equatable {
    package let status: Int
    package let headers: [HTTPHeader]
    package let body: [UInt8]

    package init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package init(status: Int, headers: [HTTPHeader] = [], text: String) {
        self.init(status: status, headers: headers, body: Array(text.utf8))
    }

    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The first field of that name, in any case.
    package subscript(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The pause that the server asks for (RFC 9110, section 10.2.3, in its form of seconds).
    package var retryAfter: Duration? {
        guard let text = self["Retry-After"], let seconds = Int(text), seconds >= 0 else { return nil }
        return .seconds(seconds)
    }
}

/// Sends requests.
package protocol HTTPTransport: Sendable {
    /// Sends a request and reads its answer to the end; any status is an answer.
    ///
    /// - Parameter timeout: For all of it, from the name's resolution to the last byte.
    func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPFailure) -> HTTPResponse
}
