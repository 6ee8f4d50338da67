import NIOCore
import RelayTestSupport
import Testing

@testable import Signer

/// Random mail, records, keys and packets.
struct SignerFuzzTests {
    private typealias Packets = MilterPackets

    private static let samples = OddMessages.all.map(\.bytes).filter { $0.count < 5000 }

    private func pieces(_ bytes: [UInt8], _ chance: inout Chance) -> [[UInt8]] {
        var rest = bytes[...]
        var pieces: [[UInt8]] = []
        while !rest.isEmpty {
            let size = 1 + chance.below(chance.pick([1, 3, 40, 5000]))
            pieces.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return pieces
    }

    /// The canonical form has the RFC's properties for every body, however it is cut.
    @Test func bodiesHaveOneCanonicalForm() async throws {
        await fuzz(300) { chance in
            let body = chance.mutation(of: Self.samples)
            for form in Canonicalization.allCases {
                let canonical = canonicalBody(form, [body])
                #expect(canonicalBody(form, pieces(body, &chance)) == canonical, "\(chance)")
                #expect(canonicalBody(form, [canonical]) == canonical, "\(chance)")
                #expect(
                    canonicalBody(form, [body, [13, 10, 10, 13, 10]]) == canonicalBody(form, [body, [13, 10]]),
                    "\(chance)"
                )
                #expect(canonical == plainCanonicalBody(form, body), "\(chance)")
            }
        }
    }

    /// The same forms, written the plain way of the RFC with the whole body in memory.
    private func plainCanonicalBody(_ form: Canonicalization, _ body: [UInt8]) -> [UInt8] {
        var lines = body.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
        // All but the last piece ended with LF, which takes one CR with it.
        for place in lines.indices.dropLast() where lines[place].last == 13 { lines[place].removeLast() }
        if form == .relaxed {
            lines = lines.map { line in
                var result: [UInt8] = []
                for byte in line {
                    let isBlank = byte == 0x20 || byte == 9
                    if !isBlank { result.append(byte) } else if result.last != 0x20 { result.append(0x20) }
                }
                if result.last == 0x20 { result.removeLast() }
                return result
            }
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if lines.isEmpty { return form == .simple ? [13, 10] : [] }
        return lines.flatMap { $0 + [13, 10] }
    }

    @Test func headersHaveOneCanonicalForm() async throws {
        await fuzz(300) { chance in
            for field in SignedMessage(chance.mutation(of: Self.samples)).fields {
                let canonical = field.canonical(.relaxed)
                #expect(
                    SignedMessage(canonical).fields.map { $0.canonical(.relaxed) } == [canonical] || field.key.isEmpty,
                    "\(chance)"
                )
                #expect(canonical.count { $0 == 10 } == 1, "\(chance)")
                #expect(!HeaderField.relaxed(field.value).contains(9), "\(chance)")
            }
        }
    }

    /// Every message that is signed verifies.
    @Test func everySignatureVerifies() async throws {
        let keys = [try TestKeys.ed25519()]
        try await fuzz(200) { chance in
            // A first line that begins with a blank would continue the signature; Postfix never lets one through.
            let message = Array(chance.mutation(of: Self.samples).drop { $0.isBlank })
            let result = failures(try signed(message, keys), keys)
            #expect(result.first == .some(nil), "\(chance)")
        }
    }

    @Test func signaturesAndRecordsAreReadOrRefused() async throws {
        let values = SignedMessage(RFCExamples.rfc8463).signatures.map(\.value)
        let records = Array(RFCExamples.rfc8463Records.values)
        await fuzz(300) { chance in
            let field = HeaderField(name: Array("DKIM-Signature".utf8), value: chance.mutation(of: values))
            if let signature = try? ReceivedSignature(field) { #expect(signature.names.contains("from"), "\(chance)") }
            do throws(VerificationFailure) {
                _ = try PublicKey(record: chance.mutation(of: records), name: "a")
            } catch {
                #expect("\(error)".isOnePlainLine, "\(chance)")
            }
        }
    }

    @Test func addressesAreNamesThatDNSCanHave() async throws {
        let samples = [
            "Joe (a (b) \\)) <joe@example.com>", "\"a, \\\"b\" <@x:c@bücher.example>, d@[1.2.3.4]",
            "Team: a@b.c, <d@e.f>;, g@h.i",
        ]
        await fuzz(500) { chance in
            let value = chance.mutation(of: samples.map { Array($0.utf8) })
            for mailbox in AddressList.mailboxes(in: value) ?? [] {
                #expect(
                    mailbox.domain.hasPrefix("[") || mailbox.domain.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F },
                    "\(chance)"
                )
                #expect((1...253).contains(mailbox.domain.utf8.count) || mailbox.domain.hasPrefix("["), "\(chance)")
            }
        }
    }

    @Test func privateKeysAreReadOrRefused() async throws {
        await fuzz(200) { chance in
            do throws(KeyFailure) {
                _ = try PrivateKey(
                    pem: chance.mutation(of: [KeySamples.ed25519, KeySamples.rsaPKCS8, KeySamples.ecdsaPKCS8])
                )
            } catch {
                #expect("\(error)".isOnePlainLine, "\(chance)")
            }
        }
    }

    /// The session never crashes, and answers the end of a message once at most.
    @Test func milterStreamsAreAnsweredOrRefused() async throws {
        let table = KeyTable([try TestKeys.ed25519()])
        let good = Packets.negotiate() + Packets.message() + Packets.message() + Packets.packet("Q")
        await fuzz(300) { chance in
            let stream = chance.mutation(of: [good, Packets.negotiate() + chance.mutation(of: [Packets.message()])])
            let all = answers(to: [stream], table)
            #expect(answers(to: pieces(stream, &chance), table) == all, "\(chance)")
            #expect(all.count <= stream.count, "\(chance)")
        }
    }

    private func answers(to pieces: [[UInt8]], _ table: KeyTable) -> [String] {
        var decoder = MilterDecoder()
        var session = MilterSession(MilterSettings(keys: { table }, time: { 0 }))
        var answers: [String] = []
        do throws(MilterFailure) {
            for piece in pieces {
                decoder.append(ByteBuffer(bytes: piece))
                while let command = try decoder.next() { answers += try session.receive(command).map { "\($0)" } }
            }
        } catch {
            answers.append("\(error)")
        }
        return answers
    }
}
