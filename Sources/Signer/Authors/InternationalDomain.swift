/// Domains with letters beyond ASCII, in the form that DNS knows (RFC 5890).
package enum InternationalDomain {
    /// The domain in lower case, each label with other letters as `xn--` and Punycode. The text has to be composed (NFC)
    /// already, as mail programs send it.
    ///
    /// - Returns: `nil` where a label is empty or too long.
    package static func ascii(_ domain: String) -> String? {
        // Three more characters are full stops in internationalized domains (RFC 3490, section 3.1).
        let dots: Set<Unicode.Scalar> = [".", "\u{3002}", "\u{FF0E}", "\u{FF61}"]
        let labels = domain.unicodeScalars.split(omittingEmptySubsequences: false) { dots.contains($0) }
        var result: [String] = []
        for label in labels {
            let lowered = String(String.UnicodeScalarView(label)).lowercased()
            let isASCII = lowered.utf8.allSatisfy { $0 < 0x80 }
            // Punycode takes time that grows with the square of the length.
            guard lowered.unicodeScalars.count <= 63,
                let encoded = isASCII ? lowered : punycode(lowered).map({ "xn--\($0)" }),
                (1...63).contains(encoded.utf8.count)
            else { return nil }
            result.append(encoded)
        }
        let name = result.joined(separator: ".")
        return name.utf8.count <= 253 ? name : nil
    }

    /// RFC 3492, section 6.3.
    private static func punycode(_ label: String) -> String? {
        let input = label.unicodeScalars.map { Int($0.value) }
        var output = input.filter { $0 < 0x80 }.map { UInt8($0) }
        let basicCount = output.count
        if basicCount > 0 { output.append(UInt8(ascii: "-")) }
        var (code, delta, bias, handled) = (128, 0, 72, basicCount)
        while handled < input.count {
            guard let next = input.filter({ $0 >= code }).min() else { return nil }
            delta += (next - code) * (handled + 1)
            code = next
            for scalar in input {
                if scalar < code { delta += 1 }
                if scalar == code {
                    output += variableLength(delta, bias)
                    bias = adapted(delta, count: handled + 1, isFirst: handled == basicCount)
                    delta = 0
                    handled += 1
                }
            }
            delta += 1
            code += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func variableLength(_ number: Int, _ bias: Int) -> [UInt8] {
        var digits: [UInt8] = []
        var (rest, position) = (number, 36)
        while true {
            let threshold = min(max(position - bias, 1), 26)
            if rest < threshold { return digits + [digit(rest)] }
            digits.append(digit(threshold + (rest - threshold) % (36 - threshold)))
            rest = (rest - threshold) / (36 - threshold)
            position += 36
        }
    }

    private static func digit(_ value: Int) -> UInt8 {
        UInt8(value < 26 ? value + 0x61 : value - 26 + 0x30)
    }

    private static func adapted(_ delta: Int, count: Int, isFirst: Bool) -> Int {
        var rest = isFirst ? delta / 700 : delta / 2
        rest += rest / count
        var bias = 0
        while rest > 455 {
            rest /= 35
            bias += 36
        }
        return bias + 36 * rest / (rest + 38)
    }
}
