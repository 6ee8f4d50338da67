/// A package of the operating system that the node needs.
package struct RequiredPackage: Sendable, Equatable {
    /// The package's name for yum.
    package let name: String
    /// Files of the package, as systems place them: where one of these stands, the package is there.
    package let files: [String]

    package static let postfix = RequiredPackage(name: "postfix", files: ["/usr/sbin/postfix"])
    package static let nginx = RequiredPackage(name: "nginx", files: ["/usr/sbin/nginx"])
    /// The mechanisms by which a user and a password are told: a package of its own on RPM distributions.
    package static let saslPlain = RequiredPackage(
        name: "cyrus-sasl-plain",
        files: ["/usr/lib64/sasl2/libplain.so", "/usr/lib/x86_64-linux-gnu/sasl2/libplain.so"]
    )
}
