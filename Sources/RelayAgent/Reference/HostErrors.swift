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
            "a tag may not decide where mail goes or who may relay",
            "A tag of the instance has a setting that only root may give. The tag is left out.",
            "Remove the tag, and set the value in the file or in the settings of the fleet."
        ),
        KnownError(
            "the instance's tags, ..., can't be read",
            "Metadata does not have tags, and `ec2:DescribeTags` fails. The node keeps the tags that it read last.",
            "Switch tags in metadata on, or do what the rest of the error says."
        ),
        KnownError(
            "fleet.settings: ... can't be read",
            "The parameter or the object is missing, or the role may not read it. The node keeps its last version.",
            "Do what the error says. It names the IAM action."
        ),
        KnownError(
            "fleet.settings: version ...",
            "The version fails a check, or the node does not work with it. The node keeps its last version.",
            "Put a corrected version. `plan --config ssm:...` shows beforehand what it changes."
        ),
        KnownError(
            "... can't be sent: ...",
            "CloudWatch does not take the log or the metrics. Events wait on the disk. Mail and passes go on.",
            "Do what the error says. It names the IAM action, or the log group that is missing."
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
        KnownError(
            "a service control policy of the organization ...",
            """
            Another policy than the role's own refuses the call: of the organization, the VPC endpoint, the resource, its KMS \
            key, the session, or a permissions boundary. The error names the policy.
            """,
            "Change that policy, or have its owner change it. A permission of the role alone does not help."
        ),
        KnownError(
            "this node can't come into service like this: ...",
            "The instance has no role, or no way to AWS's APIs. `bootstrap` says so early, and goes on with its other parts.",
            "Do what the error says. The resident agent then brings the node into service by itself."
        ),
        KnownError(
            "is neither true nor false",
            """
            `AWS_USE_FIPS_ENDPOINT` or `AWS_USE_DUALSTACK_ENDPOINT` has another value. No call is made to an endpoint \
            that was not asked for.
            """,
            "Correct the variable in user-data or in `/etc/smtp-relay-agent/environment`."
        ),
        KnownError(
            "counts for nothing",
            "An entry of `NO_PROXY` has a form that no program understands. Its hosts are reached through the proxy.",
            "Write the entry in one of the forms that the line names."
        ),
        KnownError(
            "no retries left",
            "AWS's APIs throttle the account or are out of reach, and the node has used up its retries for now.",
            "Nothing: the next pass tries again, after a growing pause."
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
            "the system's configuration excludes ...",
            "A line of yum's or dnf's configuration keeps the package out. No repository and no module was enabled.",
            "Change the line that the error names, or install the package by the command that it names."
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
            "edited by somebody where it was the agent's",
            "`uninstall` could not tell the agent's text from somebody else's, so it keeps the whole file beside it.",
            "Take your lines out of the copy that the line names, and remove the copy."
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
