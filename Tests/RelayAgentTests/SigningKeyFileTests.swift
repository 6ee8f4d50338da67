import Host
import RelayTestSupport
import Signer
import SystemPackage
import Testing
import Vocabulary

@testable import RelayAgent

/// DKIM keys in files.
struct SigningKeyFileTests {
    private func failure(_ text: String?, mode: CInterop.Mode = 0o600, owner: UInt32 = 0) async throws -> String? {
        try await withTemporaryRoot { files in
            if let text {
                let attributes = FileAttributes(permissions: FilePermissions(rawValue: mode), owner: owner)
                try files.replace("/k.pem", with: Array(text.utf8), attributes: attributes)
            }
            do {
                #expect(try SigningKeyFile(files: files).read(try PlainPath("/k.pem")) == text)
                return nil
            } catch let error as UnusableSigningKey {
                return "\(error)"
            }
        }
    }

    @Test(arguments: PrivateKey.Algorithm.allCases) func aKeyOfRootIsRead(_ algorithm: PrivateKey.Algorithm)
        async throws
    {
        #expect(try await failure(PrivateKey.generate(algorithm).pem) == nil)
    }

    @Test func theErrorNamesTheSettingTheFileAndTheCure() async throws {
        let pem = try PrivateKey.generate(.ed25519).pem
        for (error, words) in [
            (try await failure(nil), "dkim generate"), (try await failure(pem, mode: 0o640), "chmod 600 /k.pem"),
            (try await failure(pem, owner: 7), "chown root /k.pem"), (try await failure("hello"), "BEGIN PRIVATE KEY"),
        ] {
            #expect(error?.hasPrefix("mail.dkim: key_file: /k.pem: ") == true)
            #expect(error?.contains(words) == true, "\(error ?? "none")")
        }
    }
}
