import AgentLog
import ArgumentParser
import RelayAgent
import Settings
import Signer
import Vocabulary

extension PrivateKey.Algorithm {
    /// The name of the algorithm in options.
    fileprivate static func named(_ name: DKIMCommand.KeyType) -> Self { name == .rsa ? .rsa : .ed25519 }
}

struct DKIMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim",
        abstract: "Make keys that sign mail (DKIM), and print their DNS records.",
        subcommands: [Generate.self, Record.self]
    )

    enum KeyType: String, CaseIterable, ExpressibleByArgument {
        case rsa, ed25519
    }

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, and print the DNS record that it needs.",
            discussion: """
                Name the key in [[mail.dkim]] of the settings only after the record can be seen in DNS. Many receivers do not \
                verify Ed25519 keys, so use such a key only beside an RSA key with another selector.

                Exit status: 0 the key is stored; 1 an error, for example because there is a key already.
                """
        )

        @OptionGroup var options: CommonOptions

        @Option(help: ArgumentHelp("The domain whose mail is signed.", valueName: "domain"))
        var domain: String

        @Option(help: ArgumentHelp("The key's name below the domain, such as relay2026.", valueName: "selector"))
        var selector: String

        @Option(help: ArgumentHelp("The new file for the key. Only root can read it.", valueName: "file"))
        var file: String?

        @Option(help: ArgumentHelp("The new SSM parameter (SecureString) for the key.", valueName: "name"))
        var parameter: String?

        @Option(help: ArgumentHelp("The type of key: rsa or ed25519.", valueName: "type"))
        var type: KeyType = .rsa

        @Option(help: ArgumentHelp("The bits of an RSA key: 2048, 3072 or 4096.", valueName: "bits"))
        var bits: Int = 2048

        func run() async throws {
            try await Session.run(options, needsRoot: true) { session in
                let place = try DKIMPlace(file: file, parameter: parameter).place
                let named = DKIMKey(domain: try DomainName(domain), selector: try DKIMSelector(selector), place: place)
                let key = try PrivateKey.generate(.named(type), bits: bits)
                let signing = try SigningKey(domain: "\(named.domain)", selector: "\(named.selector)", key: key)
                let store = SigningKeyStore(gatherer: session.gatherer, aws: session.aws, files: session.host.files)
                try await store.store(key, at: place)
                print(signing.publication, terminator: "")
            }
        }
    }

    struct Record: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the DNS record of each key that the settings name.",
            discussion: """
                With --domain, --selector and --file or --parameter, of that key instead.

                Exit status: 0 the records are printed; 1 there is no key, or one cannot be read.
                """
        )

        @OptionGroup var options: CommonOptions

        @Option(help: ArgumentHelp("The domain whose mail is signed.", valueName: "domain"))
        var domain: String?

        @Option(help: ArgumentHelp("The key's name below the domain.", valueName: "selector"))
        var selector: String?

        @Option(help: ArgumentHelp("The file with the key.", valueName: "file"))
        var file: String?

        @Option(help: ArgumentHelp("The SSM parameter with the key.", valueName: "name"))
        var parameter: String?

        func run() async throws {
            try await Session.run(options, needsRoot: true) { session in
                let store = SigningKeyStore(gatherer: session.gatherer, aws: session.aws, files: session.host.files)
                let keys = try await store.keys(try await named(session))
                print(keys.map(\.publication).joined(separator: "\n"), terminator: "")
            }
        }

        private func named(_ session: Session) async throws -> [DKIMKey] {
            if let domain, let selector {
                let place = try DKIMPlace(file: file, parameter: parameter).place
                return [DKIMKey(domain: try DomainName(domain), selector: try DKIMSelector(selector), place: place)]
            }
            guard domain == nil, selector == nil, file == nil, parameter == nil else { throw DKIMKeyNotNamed() }
            guard case .relay(let resolved) = try await session.gatherer.settings().0 else { throw NoDKIMKeys() }
            let keys = resolved.settings.mail.dkim
            guard !keys.isEmpty else { throw NoDKIMKeys() }
            return keys
        }
    }
}

/// The place of a key, as options name it.
private struct DKIMPlace {
    let place: Upstream.Place

    init(file: String?, parameter: String?) throws {
        if let file, parameter == nil {
            place = .file(try PlainPath(canonicalPlace(file)))
        } else if let parameter, file == nil {
            place = .parameter(try ParameterName(parameter))
        } else {
            throw DKIMKeyNotPlaced()
        }
    }
}

/// A path from the root, also of a file that is not there yet.
private func canonicalPlace(_ path: String) -> String {
    path.hasPrefix("/") ? path : canonical(".") + "/" + path
}

/// The options name no place of a key, or two.
struct DKIMKeyNotPlaced: Error, CustomStringConvertible {
    let description = "give the key's place by either --file or --parameter"
}

/// The options name a key in part.
struct DKIMKeyNotNamed: Error, CustomStringConvertible {
    let description = "name the key by --domain, --selector, and --file or --parameter; or give none of them"
}

/// The settings name no key.
struct NoDKIMKeys: Error, CustomStringConvertible {
    let description = "mail.dkim: the settings name no key; 'smtp-relay-agent dkim generate' makes one"
}
