/// A package of the operating system that the node needs.
package struct RequiredPackage: Sendable, Equatable {
    /// What yum calls it.
    package let name: String
    /// The program it brings: where that stands, the package is there.
    package let executable: String

    package static let postfix = RequiredPackage(name: "postfix", executable: "/usr/sbin/postfix")
    package static let nginx = RequiredPackage(name: "nginx", executable: "/usr/sbin/nginx")
}
