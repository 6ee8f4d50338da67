import SMTP
import Testing

struct ServerCertificateTests {
    private let now = 1_800_000_000

    private func judge(_ certificate: String, _ key: String, at time: Int? = nil) throws(ServerCertificate.Problem)
        -> Int
    {
        try ServerCertificate(certificate: Array(certificate.utf8), key: Array(key.utf8), at: time ?? now).end
    }

    @Test func aCertificateWithItsKeyIsGood() throws {
        #expect(try judge(Self.certificate, Self.key) == 4_949_119_193)
        #expect(try judge(Self.certificate + Self.key, Self.key) == 4_949_119_193)
    }

    @Test func whatIsWrongIsToldApart() {
        #expect(throws: ServerCertificate.Problem.notACertificate) { try judge("hello", Self.key) }
        #expect(throws: ServerCertificate.Problem.notACertificate) { try judge(Self.key, Self.key) }
        #expect(throws: ServerCertificate.Problem.notAKey) { try judge(Self.certificate, Self.certificate) }
        #expect(throws: ServerCertificate.Problem.notTheKeys) { try judge(Self.certificate, Self.otherKey) }
        #expect(throws: ServerCertificate.Problem.ended(4_949_119_193)) {
            try judge(Self.certificate, Self.key, at: 4_949_119_193)
        }
        #expect(throws: ServerCertificate.Problem.notBefore(1_795_519_193)) {
            try judge(Self.certificate, Self.key, at: 1_700_000_000)
        }
    }

    // Made for this test by 'openssl req -x509', and nobody else's.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBkDCCATWgAwIBAgIUTxKfOmY+OXV3v7gWhvlQwGF2I2kwCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRcmVsYXkuZXhhbXBsZS5jb20wIBcNMjYxMTI0MTExOTUzWhgP
        MjEyNjEwMzExMTE5NTNaMBwxGjAYBgNVBAMMEXJlbGF5LmV4YW1wbGUuY29tMFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhmbL+zAUHpyZEmVlFm3mg9c4FNoV0Xzy
        IRqk0GVIJl8pDT8Il4MBSkxC/hQn03qiJ9TSn+e66L7hXMOTVsf9+KNTMFEwHQYD
        VR0OBBYEFOgIp3V2mTxQ0Mbx7vxY0Dct6FfAMB8GA1UdIwQYMBaAFOgIp3V2mTxQ
        0Mbx7vxY0Dct6FfAMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIh
        AKx7umfIfhS/t2BohJ1KJemWeSTnQ0f95A47Ekh4wQFNAiEA6ZMxloACOv9RLW6a
        JGBjHnOAaaiQCoVA9DnkdKkSlQk=
        -----END CERTIFICATE-----

        """
    private static let key = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIMMyLL2vn75i9+PtDU3tHGpYzS9MCWchLwa34zwJP9sIoAoGCCqGSM49
        AwEHoUQDQgAEhmbL+zAUHpyZEmVlFm3mg9c4FNoV0XzyIRqk0GVIJl8pDT8Il4MB
        SkxC/hQn03qiJ9TSn+e66L7hXMOTVsf9+A==
        -----END EC PRIVATE KEY-----

        """
    private static let otherKey = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIAmKz3EGHYohkVuw8IjxgjGX41haNiZMkhfQ36Uyekx3oAoGCCqGSM49
        AwEHoUQDQgAE59bsUIUpFp/X6RVjTOrdXIcoY5D0eC6u8xDsdw/ViGbbE0pYISyv
        0/TDRYzMO4q3LoEIm2LRKUGSkcp6yBJikw==
        -----END EC PRIVATE KEY-----

        """
}
