extension KnownError {
    /// Errors of hosts that send.
    static let ofSenders = [
        KnownError(
            "is this host itself",
            "`sender.relayhost` is the host's own address, or a name that leads to it.",
            "Name the load balancer in `sender.relayhost`."
        ),
        KnownError(
            "mail would go round in circles",
            "`sender.relayhost` leads back to the host itself.",
            "Name the load balancer in `sender.relayhost`."
        ),
        KnownError(
            "comes before relayhost",
            "Another setting of Postfix sends mail past the relays.",
            "Nothing, if that is intended. Otherwise remove the setting."
        ),
        KnownError(
            "this host was made a relay before",
            "A relay does not become a sender.",
            "Use another host, or do what the error says."
        ),
    ]

    /// Errors of the proof and the health check.
    static let ofHealth = [
        KnownError(
            "the health check answers 503 from now on",
            "The relay is not proven. The reason follows.",
            "Cure the reason. The next pass proves the relay again."
        ),
        KnownError(
            "open relay: ...",
            "A setting that is not the agent's lets strangers relay. The node is out of service.",
            "Look for the setting with `postconf -n` and in `master.cf`."
        ),
        KnownError(
            "refuses its own senders",
            "A setting that is not the agent's refuses allowed networks. The node is out of service.",
            "Look for the setting with `postconf -n` and in `master.cf`."
        ),
        KnownError(
            "[postfix] has changed since the last proof of the relay",
            "With the parameters that follow, the relay is open or refuses senders. The former ones are back in force.",
            "Take back the change, or make several changes one at a time."
        ),
        KnownError(
            "this Postfix does not know it",
            "A parameter in `[postfix]` is misspelt, or of another version of Postfix. Nothing was changed.",
            "Look for its name in `postconf -d`, or remove it."
        ),
        KnownError(
            "so nobody can prove that it is closed to strangers",
            "A door has an option or a program that may let strangers in. The node is out of service.",
            "Remove the option, or let the service listen only on 127.0.0.1."
        ),
        KnownError(
            "a refusal for now",
            "A sender was answered 4xx, for example because a milter does not run. The node is out of service.",
            "Start the service that the mail log names."
        ),
        KnownError(
            "the relay could not be proven",
            "The door gave no usable answer, so nothing is proven. The node is out of service.",
            "Cure the reason that follows."
        ),
        KnownError(
            "though Postfix is at work",
            "Port 25 is slow. The node leaves service after five passes in a row.",
            "Add relays, or raise `default_process_limit`."
        ),
        KnownError(
            "Postfix loads its files again and again",
            "Another program reloads Postfix, so no proof stays valid. The node is out of service.",
            "Stop that program."
        ),
    ]

    /// Errors of the DKIM signer.
    static let ofSigner = [
        KnownError(
            "the DKIM signer does not answer",
            "Postfix puts all mail off (451). The node is out of service until the next pass has started the signer.",
            "If it stays so: `journalctl -u smtp-relay-agent-signer`."
        ),
        KnownError(
            "mail.dkim: key_file: ...",
            "The DKIM key is missing, not secret, or no key that receivers trust. A running signer keeps its old key.",
            "Do what the error says."
        ),
        KnownError(
            "receivers can't verify the mail that this node signs",
            "DNS does not have the DKIM record that fits the key. A node that is not in service does not join.",
            "Publish the record that the error names. The node joins by itself."
        ),
        KnownError(
            "this key does not sign yet",
            "A new DKIM key is not in DNS, so the domain's other key goes on signing.",
            "Publish the record that the error names."
        ),
    ]

    /// Errors of load balancers.
    static let ofMembership = [
        KnownError(
            "will not join ...: it is internet-facing",
            "The internet could reach the node with the load balancer's address: an open relay.",
            """
            Close its security group to all but the senders; or set `preserve_client_ip` of a target group; or use \
            `mail.proxy_protocol`.
            """
        ),
        KnownError(
            "has left, and ...",
            "The node has left a load balancer that would make it an open relay, or whose mail it cannot read.",
            "Do what the error says. The node comes back by itself."
        ),
        KnownError(
            "must not be in ..., but could not leave it",
            "The call to leave such a load balancer failed. The node answers 503 until it has left.",
            "Deregister the node by hand, or allow the call. Then do what the error says."
        ),
        KnownError(
            "can't tell whether this node would be an open relay",
            """
            The agent could not read a security group or a prefix list. A node in service stays there; another one \
            does not join.
            """,
            "Allow the action that the error names in the role."
        ),
        KnownError(
            "will not join ...: this instance has a public address",
            "With `mail.proxy_protocol`, whoever reaches the port could claim to be a sender: an open relay.",
            "Close the instance's security group to all but the load balancer."
        ),
        KnownError(
            "will not join ...: it sends a header",
            "The load balancer sends the PROXY protocol, and the node does not expect it.",
            "Run the commands that the error names, or set `mail.proxy_protocol` on all relays."
        ),
        KnownError(
            "will not join ...: it sends no header",
            "The node expects the PROXY protocol, and the load balancer does not send it.",
            "Run the commands that the error names, or change `mail.proxy_protocol` on all relays."
        ),
        KnownError(
            "will not join ...: it speaks the PROXY protocol in version 2",
            "The node's Postfix is older than 3.5.",
            "Use a newer image, or a classic load balancer, which speaks version 1."
        ),
        KnownError(
            "the other relays see this node's own address",
            "The other relays would refuse the mail of a leaving node, so it would stay on the disk.",
            "Name the relays' subnets in `mail.networks`."
        ),
        KnownError(
            "does not call this node in service",
            "The load balancer's reason follows, and what the node knows of it.",
            "Check the health check and the security groups between both."
        ),
        KnownError(
            "the health check has answered 503 since",
            "The relay was not as it was proven any more, as after an edit of Postfix's files, while a load balancer was waited for.",
            "Nothing: the next pass proves the relay anew, or says what is wrong."
        ),
        KnownError(
            "so no mail comes through it",
            "No listener on port 25 or 587 forwards to the load balancer's instances or the target group.",
            "Run the command that the log names."
        ),
    ]

    /// Errors of launch and leaving.
    static let ofLaunch = [
        KnownError(
            "bootstrap did not end within",
            "The node did not come into service within `bootstrap.timeout`.",
            "`smtp-relay-agent status` shows how far it got."
        ),
        KnownError(
            "bootstrap ended without an answer",
            "`bootstrap` was killed, for example because memory ran out, or crashed. The launch was abandoned.",
            "Read the kernel's log (`dmesg`) and the lines before this one."
        ),
        KnownError(
            "could not be told ...",
            "A lifecycle hook or a stack did not accept the answer. The node may be in service all the same.",
            "Cure the reason, as a rule a permission. Then run `bootstrap` again."
        ),
        KnownError(
            "waits for no answer: ...",
            "The instance waits for another hook, or for none.",
            "Compare `auto_scaling.launch_hook` with `aws autoscaling describe-lifecycle-hooks`."
        ),
        KnownError(
            "this host is a relay node, or was one",
            "`bake` makes no image of a node.",
            "Use a fresh instance, or run `uninstall` first."
        ),
        KnownError(
            "in the queue, which every instance of the image would send",
            "`bake` makes no image with mail in its queue.",
            "Run `postqueue -f`, or `postsuper -d ALL` to delete the mail."
        ),
        KnownError(
            "could not leave its load balancers, so it goes on as before",
            "`uninstall` has changed nothing. The reason follows.",
            "Cure the reason, or run `uninstall --stay-registered` and deregister the node by hand."
        ),
        KnownError(
            "a newer version of this program has ordered the node out",
            "A newer version of the agent drained the node before you went back to this version.",
            "Nothing, or `smtp-relay-agent undrain`."
        ),
        KnownError(
            "was drained, not this instance",
            "The disk came from a drained node. Its order does not count here.",
            "Nothing."
        ),
        KnownError(
            "came with the disk of ...: now on hold",
            "The disk came from a node with mail in its queue.",
            "If that node is gone: `postsuper -H ALL`. Otherwise delete the copies: `postsuper -d ALL hold`."
        ),
    ]
}
