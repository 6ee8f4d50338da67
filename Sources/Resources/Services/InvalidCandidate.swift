/// A service's own program refused a configuration before it was put in place.
package struct InvalidCandidate: Error, CustomStringConvertible {
    /// The program: `postfix check`, `nginx -t`.
    package let judge: String
    package let verdict: String

    package var description: String {
        """
        \(judge) refuses the new configuration, so nothing was changed; look at the settings that are not the agent's \
        in that file\n\(verdict)
        """
    }
}
