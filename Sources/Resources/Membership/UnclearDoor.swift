package import AWS

/// A prefix list decides whether the internet may come in, and could not be read.
package struct UnclearDoor: Error, CustomStringConvertible {
    /// The load balancer, as an operator names it.
    package let name: String
    package let group: String
    package let list: String
    package let port: UInt16
    package let failure: AWSFailure

    package var description: String {
        """
        can't tell whether this node would be an open relay in \(name): security group \(group) lets prefix list \(list) in \
        on port \(port), and \(failure)
        """
    }
}
