extension KnownError {
    /// Errors of the settings, the instance and AWS.
    static let ofSettings = [
        KnownError(
            "instance metadata, ...",
            "The metadata service is off, late, or behind a network hop. The node uses the last valid facts.",
            "Run the `aws ec2` command that the error names."
        ),
        KnownError(
            "unknown key",
            "The settings contain a key that does not exist. The node uses the last valid settings.",
            "Correct the key, and run `smtp-relay-agent config check`."
        ),
        KnownError(
            "mail.networks: ... is refused",
            "The range would let strangers relay.",
            "Name the senders' own ranges. The error names the setting that allows the range."
        ),
        KnownError(
            "mail.upstream.password_file: ...",
            "The password file is missing, has more than one line, or other users than root can read it.",
            "Do what the error says."
        ),
        KnownError(
            "the certificate can't be used",
            "The certificate has expired, is not PEM, or does not belong to the key; or every user can read the key.",
            "Do what the error says. A certificate in use is kept, and a warning comes three weeks before its end."
        ),
        KnownError(
            "it means nothing where role is ...",
            "A sender has a relay's setting, or a relay has a sender's.",
            "Remove the setting."
        ),
        KnownError(
            "is not a known system",
            "The agent does not know this operating system.",
            "Nothing, if the node comes into service."
        ),
        KnownError(
            "allow ...",
            "The instance's role lacks a permission.",
            "Add the IAM action to the role."
        ),
    ]

    /// Errors of packages.
    static let ofPackages = [
        KnownError(
            "the package database is locked by ...",
            "Another yum or rpm is running.",
            "Let the process that is named finish."
        ),
        KnownError(
            "a package mirror fails",
            "The node cannot reach the repositories.",
            "Check the NAT gateway, the S3 endpoint, the proxy and the VPC's DNS."
        ),
        KnownError(
            "can't be resolved",
            "A name of the repositories is not in DNS.",
            "Check the VPC's DNS."
        ),
        KnownError(
            "the mirrors of CentOS 7 are gone",
            "The repositories still name mirrors that no longer exist.",
            "Run the command that the error names to use the vault, or use a mirror of your own."
        ),
        KnownError(
            "the list of EPEL's mirrors does not answer",
            "EPEL is out of reach, or gone with EPEL 7.",
            "Run the command that the error names to use the archive."
        ),
        KnownError(
            "is how this system gets the repository of ...",
            "The system's own step to get nginx failed. The reason follows.",
            "Do what the error says, or enable any repository that has nginx."
        ),
        KnownError(
            "is not waited for any more, and goes on",
            "A package manager takes longer than `packages.timeout`.",
            "Nothing: the next pass waits for it."
        ),
    ]

    /// Errors of files and services.
    static let ofFiles = [
        KnownError(
            "refuses the new configuration",
            "Postfix or nginx found an error, as a rule in a setting that is not the agent's. Nothing was changed.",
            "Correct the file that the error names."
        ),
        KnownError(
            "is written again and again by another program",
            "A file of Postfix or nginx changed each time that the agent was about to change it.",
            "Stop the program that writes it, such as another configuration management."
        ),
        KnownError(
            "is a link to ..., and can't be edited",
            "The agent edits the file that a link leads to, and cannot edit that one.",
            "Do what the error says."
        ),
        KnownError(
            "another file is mounted at",
            "A mount hides a managed file, so the agent cannot correct it.",
            "Run the `umount` command that the error names."
        ),
        KnownError(
            "stop the Postfix that was started past the service manager",
            "Somebody ran `postfix start`. The service replaces that Postfix, within about a second.",
            "Nothing. Use `systemctl start postfix` next time."
        ),
        KnownError(
            "was a folder, and is now",
            "A folder stood in the place of a file of the agent's.",
            "Nothing. The line says where the folder's contents are."
        ),
        KnownError(
            "did not work with its new configuration",
            "The service did not start with a change, so the old files are back.",
            """
            See the change in `/var/lib/smtp-relay-agent/generations`. The agent tries it again after a growing \
            pause, or when the settings change.
            """
        ),
        KnownError(
            "can't have port ..., which is held by",
            """
            Another program listens on a port that Postfix or nginx needs. The service goes on without the change \
            that needs the port.
            """,
            "Stop the process that is named, or move it to another port."
        ),
        KnownError(
            "bind() to ... failed (13: Permission denied)",
            "SELinux lets nginx use only the ports of a web server. A node in service keeps its former port.",
            """
            For a `health.port` of your own: `semanage port -a -t http_port_t -p tcp PORT`. The doctor reports \
            other denials (`selinux-denials`).
            """
        ),
    ]
}
