/// What `bootstrap` was given beside the settings' file: variables and flags, kept as variables.
///
/// User-data's variables and flags are gone with user-data. Without this, the resident agent, the timer and a person would
/// each take the node to other settings than the launch did.
package struct LaunchEnvironment: Sendable, Equatable {
    /// Where it is kept.
    package static let path = "/etc/smtp-relay-agent/environment"

    package private(set) var variables: [String: String]

    package init() { self.variables = [:] }

    /// Reads lines of `NAME=VALUE`; blank lines and those that begin with `#` count for nothing.
    package init(text: String) {
        self.init()
        // By any line break, as keep(environment:flags:file:) tells them: to Swift, a file from Windows has no "\n" alone.
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            // By scalars: to Swift, an equals sign and an accent that follows it are one character.
            let pair = line.unicodeScalars.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
        }
    }

    package var text: String {
        Self.header + variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
    }

    /// Keeps what later passes need, over what was kept before.
    ///
    /// - Parameters:
    ///   - environment: The command's variables. Credentials are not kept: they end, and a file is no place for them.
    ///   - flags: `KEY=VALUE`, as given to `--set`; they are stronger.
    ///   - file: The settings' file, where one was named.
    package mutating func keep(environment: [String: String], flags: [String], file: String?) {
        func keep(_ name: String, _ value: String) {
            // A line break would begin another variable, and an equals sign another value.
            if !value.contains(where: \.isNewline), !name.contains(where: \.isNewline),
                !name.unicodeScalars.contains("=")
            {
                variables[name] = value
            }
        }
        for (name, value) in environment where Self.counts(name) { keep(name, value) }
        if let file { keep(SettingKey.fileVariable, file) }
        for flag in flags {
            let pair = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if pair.count == 2, let key = SettingKey.named(pair[0]) { keep(key.variable, pair[1]) }
        }
    }

    /// A process's variables, with those that it lacks from here.
    package func completing(_ environment: [String: String]) -> [String: String] {
        variables.merging(environment) { _, own in own }
    }

    /// Those that tell a child process of the way out, such as yum.
    package var proxies: [String: String] { variables.filter { Self.proxyNames.contains($0.key.uppercased()) } }

    private static func counts(_ name: String) -> Bool {
        name.hasPrefix(SettingKey.variablePrefix) || name.hasPrefix("AWS_ENDPOINT_URL") || awsNames.contains(name)
            || proxyNames.contains(name.uppercased())
    }

    private static let awsNames: Set = [
        "AWS_CA_BUNDLE", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT",
    ]
    private static let proxyNames: Set = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"]
    private static let header = """
        # What 'smtp-relay-agent bootstrap' was given as variables and flags; every later pass takes it from here.

        """
}
