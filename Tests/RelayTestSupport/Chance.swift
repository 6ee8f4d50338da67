import Glibc

/// Inputs made by chance, the same ones at every run: SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom
/// Number Generators", 2014).
///
/// A failed expectation shows it as the variable that makes this very input again.
package struct Chance: RandomNumberGenerator, CustomStringConvertible {
    private let seed: UInt64
    private var state: UInt64

    package init(seed: UInt64) {
        (self.seed, self.state) = (seed, seed)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    package var description: String { "FUZZ_SEED=\(seed) FUZZ_ROUNDS=1" }

    /// A number from 0 up to, and without, the bound.
    package mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }

    package mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// One of the samples, with up to five things wrong with it; seldom none.
    package mutating func mutation(of samples: [[UInt8]]) -> [UInt8] {
        var bytes = pick(samples)
        for _ in 0..<below(6) {
            let place = below(bytes.count + 1)
            let length = min(below(12), bytes.count - place)
            switch below(7) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
            case 1: bytes.removeSubrange(place..<(place + length))
            case 2: bytes.insert(contentsOf: bytes[place..<(place + length)], at: below(bytes.count + 1))
            case 3: bytes.removeSubrange(place...)
            case 4:
                let other = pick(samples)
                bytes = Array(bytes[..<place] + other[below(other.count + 1)...])
            default: bytes.insert(contentsOf: Self.tokens[below(Self.tokens.count)], at: place)
            }
        }
        return bytes
    }

    /// The same of texts; bytes that are no UTF-8 come out as replacement characters, as where the program reads them.
    package mutating func mutation(of samples: [String]) -> String {
        String(decoding: mutation(of: samples.map { Array($0.utf8) }), as: UTF8.self)
    }

    /// Texts that have a meaning in one of the formats, or that are often forgotten.
    private static let tokens: [[UInt8]] =
        [
            "\0", "\n", "\r\n", "\r", "\t", " ", "\n ", "\n#", "=", "#", "\"", "'", "\\", "$", "${", "{", "}", "[", "]",
            "<", ">", "&", "&#0;", ";", ":", ",", ".", "..", "/", "-", "%", "*", "\u{1B}[31m", "\u{7F}", "\u{85}",
            "\u{A0}", "\u{301}", "\u{2028}", "\u{FEFF}", "\u{1F600}", "-1", "0", "99999999999999999999", "1e999",
            "\n\n",
            "null", "true", "\"\"\"", "<!DOCTYPE a>", "<![CDATA[", "]]>", "-o ", " = ",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0x80], [0xED, 0xA0, 0x80]]
}

/// Tries a property with many inputs made by chance: few enough to be done in a moment, or `FUZZ_ROUNDS` of them.
///
/// A longer run, of other inputs at each `FUZZ_SEED`:
///
///     FUZZ_ROUNDS=100000 FUZZ_SEED=7 swift test --filter Fuzz
package func fuzz(_ usualRounds: Int, _ property: (inout Chance) async throws -> Void) async rethrows {
    let rounds = getenv("FUZZ_ROUNDS").flatMap { Int(String(cString: $0)) } ?? usualRounds
    let seed = getenv("FUZZ_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
    for round in 0..<UInt64(max(0, rounds)) {
        var chance = Chance(seed: seed &+ round)
        try await property(&chance)
    }
}

extension String {
    /// Whether it is one line that can be shown: without any control character.
    package var isOnePlainLine: Bool {
        unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
