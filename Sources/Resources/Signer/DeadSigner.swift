/// The DKIM signer does not serve Postfix, and mail waits for it.
package struct DeadSigner: Error, CustomStringConvertible {
    package let port: UInt16

    package var description: String {
        """
        the DKIM signer does not answer on 127.0.0.1:\(port), so Postfix puts all mail off (451); the next pass starts it \
        again, 'smtp-relay-agent sign' as root shows why it ends, and mail.dkim_required = false lets mail out unsigned \
        (with mail.senders, only where mail.senders_mode is "warn")
        """
    }
}
