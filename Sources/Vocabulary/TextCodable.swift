/// A value type that is written as its text and read back through its parser, so that no unparsed value gets in
/// through a file of facts either.
package protocol TextCodable: Codable, CustomStringConvertible {
    init(_ text: String) throws(InvalidValue)
}

extension TextCodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(InvalidValue) {
            self = try Self(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension IPAddress: TextCodable {}
extension IPNetwork: TextCodable {}
extension DomainName: TextCodable {}
extension InstanceID: TextCodable {}
extension Region: TextCodable {}
extension ClassicLoadBalancerName: TextCodable {}
