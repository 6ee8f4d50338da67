/// Installs packages from the system's repositories.
package protocol PackageManager: Sendable {
    /// Installs packages that are missing, and nothing else: nothing is upgraded that was not asked for.
    ///
    /// - Parameters:
    ///   - packages: The packages' names.
    ///   - timeout: The time for all of it, with the waits for locks and failing mirrors.
    ///   - onWait: Is told, once for each reason, what is being waited for.
    func install(
        _ packages: [String],
        timeout: Duration,
        onWait: @Sendable (String) -> Void
    ) async throws(PackageFailure)
}

/// Why packages could not be installed; each reason has its own cure.
package struct PackageFailure: Error, Sendable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        /// Another package manager is at work.
        case locked(holder: String)
        /// A repository does not answer, or answers with rubbish.
        case mirror
        /// A repository's name can't be resolved.
        case nameResolution
        /// CentOS 7's list of mirrors is no more.
        case mirrorListGone
        /// The list of EPEL's mirrors does not answer.
        case epelListSilent
        /// No repository has the package.
        case missing([String])
        /// Somebody keeps packages out, by these lines as far as they were found.
        case excluded([String], by: [String])
        /// The system's own step to have a package's repository failed.
        case notEnabled(String, cure: String)
        case other
    }

    package let command: Command
    package let reason: Reason
    /// The package manager's own last words.
    package let output: String
    /// The time of all tries together.
    package let waited: Duration

    package init(command: Command, reason: Reason, output: String, waited: Duration) {
        self.command = command
        self.reason = reason
        self.output = output
        self.waited = waited
    }

    package var description: String {
        "'\(command)' failed, tried for \(waited.roundedToTenths): \(explanation)"
            + (output.isEmpty ? "" : "\n\(output)")
    }

    private static let excludes = """
        exclude, excludepkgs or includepkgs in /etc/dnf/dnf.conf, /etc/yum.conf or /etc/yum.repos.d, or a lock of versions
        """

    private var explanation: String {
        switch reason {
        case .locked(let holder):
            "the package database is locked by \(holder); wait for its end, or find out why it hangs"
        case .mirror:
            """
            a package mirror fails; check the route to the repositories (NAT gateway, S3 endpoint, proxy in yum.conf) \
            and 'yum repolist'
            """
        case .nameResolution:
            """
            a package mirror's name can't be resolved; check /etc/resolv.conf and the VPC's DNS settings \
            (enableDnsSupport)
            """
        case .mirrorListGone:
            """
            the mirrors of CentOS 7 are gone, and their list with them; use the vault: sed -i -e 's/^mirrorlist/#mirrorlist/' \
            -e 's|^#baseurl=http://mirror.centos.org|baseurl=http://vault.centos.org|' \
            /etc/yum.repos.d/CentOS-*.repo
            """
        case .epelListSilent:
            """
            the list of EPEL's mirrors does not answer; if it is out of reach, or gone with EPEL 7, use the archive: \
            sed -i -e 's/^m.*repo=epel-7/#&/' -e 's|^#baseurl=.*/pub/epel/7|baseurl=https://\
            archives.fedoraproject.org/pub/archive/epel/7|' /etc/yum.repos.d/epel.repo
            """
        case .notEnabled(let package, let cure):
            "that is how this system gets the repository of \(package); \(cure)"
        case .excluded(let packages, let lines):
            """
            the system's configuration excludes \(packages.joined(separator: ", ")) \
            (\(lines.isEmpty ? Self.excludes : lines.joined(separator: "; "))); take that out, or install it yourself: \
            yum --disableexcludes=all install \(packages.joined(separator: " "))
            """
        case .missing(let packages):
            """
            no enabled repository has \(packages.joined(separator: ", ")); enable a repository that has it \
            ('yum repolist', 'amazon-linux-extras enable nginx1' on Amazon Linux 2, EPEL on CentOS 7), or, if a repository \
            got it since yum last read the list, run 'yum clean expire-cache'
            """
        case .other:
            "the package manager's output follows"
        }
    }
}

extension Duration {
    /// The text for people: `12.3 s`.
    package var roundedToTenths: String {
        let tenths = (components.seconds * 10) + components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
