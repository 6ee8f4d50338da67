/// This program's version.
package enum AgentVersion {
    package static let current = "0.1.0"
}
