// swift-tools-version: 6.2

import PackageDescription

/// Users build with compilers and libraries that nobody has tried yet, and these may warn of more. `.ci/run` sets the variable.
let warnings: [SwiftSetting] =
    Context.environment["WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)]

/// Every target is built the same way: Swift 6, strict about imports and existentials.
let strict: [SwiftSetting] =
    warnings + [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        // The code mostly waits for others: a smaller binary counts for more than a faster one.
        .unsafeFlags(["-Osize"], .when(configuration: .release)),
    ]

/// A fully static executable in release builds, so that one file runs on every system from CentOS 7 on.
/// `--gc-sections` with the default linker halves it, `--icf=safe` stores functions of the same code once, and `-s` strips it.
/// Nothing in it throws or catches a C++ exception, so it has no index of unwind tables.
let staticCompile: [SwiftSetting] = [
    .unsafeFlags(["-static-executable"], .when(configuration: .release))
]
let staticLink: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-executable", "-Xlinker", "--gc-sections", "-Xlinker", "--icf=safe", "-Xlinker",
            "--no-eh-frame-hdr", "-Xlinker", "-s",
        ],
        .when(configuration: .release)
    )
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "smtp-relay-agent",
    products: [
        .executable(name: "smtp-relay-agent", targets: ["smtp-relay-agent"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "smtp-relay-agent",
            dependencies: [
                "AWS", "AgentLog", "CLinux", "CloudWatch", "Doctor", "Facts", "HTTP", "Host", "MailLogs", "Reconcile",
                "RelayAgent", "RelayNode", "Reports", "Resources", "SMTP", "Settings", "Signer", "Units", "Vocabulary",
                argumentParser, logging, nioCore, systemPackage,
            ],
            swiftSettings: strict + staticCompile,
            linkerSettings: staticLink
        ),
        .target(
            name: "RelayAgent",
            dependencies: [
                "AWS", "AgentLog", "CloudWatch", "Doctor", "Facts", "HTTP", "Host", "MailLogs", "Reconcile",
                "RelayNode", "Reports", "Resources", "SMTP", "Settings", "Signer", "Units", "Vocabulary", logging,
                systemPackage,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Reports",
            dependencies: [
                "CRelease", "Host", "MailLogs", "RelayNode", "Resources", "Units", "Vocabulary", systemPackage,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "CloudWatch",
            dependencies: [
                "AWS", "AgentLog", "HTTP", "Host", "MailLogs", "Resources", "Vocabulary", crypto, systemPackage,
            ],
            swiftSettings: strict
        ),
        .target(name: "AgentLog", dependencies: ["Vocabulary", logging], swiftSettings: strict),
        .target(
            name: "Doctor",
            dependencies: [
                "AWS", "Facts", "HTTP", "Host", "MailLogs", "Reconcile", "RelayNode", "Resources", "SMTP", "Signer",
                "Units", "Vocabulary", systemPackage,
            ],
            swiftSettings: strict
        ),
        .target(name: "MailLogs", dependencies: ["Host", "Vocabulary", systemPackage], swiftSettings: strict),
        .target(
            name: "Resources",
            dependencies: ["AWS", "Host", "Reconcile", "RelayNode", "SMTP", "Units", "Vocabulary", systemPackage],
            swiftSettings: strict
        ),
        .target(
            name: "Facts",
            dependencies: ["AWS", "HTTP", "Host", "Vocabulary", systemPackage],
            swiftSettings: strict
        ),
        .target(name: "Settings", dependencies: ["RelayNode", "Vocabulary"], swiftSettings: strict),
        .target(name: "RelayNode", dependencies: ["Vocabulary"], swiftSettings: strict),
        .target(name: "Reconcile", swiftSettings: strict),
        .target(name: "AWS", dependencies: ["CExpat", "HTTP", "Vocabulary", crypto], swiftSettings: strict),
        .target(
            name: "HTTP",
            dependencies: ["Vocabulary", asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL],
            swiftSettings: strict
        ),
        .target(name: "SMTP", dependencies: ["Vocabulary", nioCore, nioPosix, nioSSL], swiftSettings: strict),
        .target(name: "Signer", dependencies: [crypto, cryptoExtras, nioCore, nioPosix], swiftSettings: strict),
        .target(
            name: "Host",
            dependencies: ["CLinux", "Vocabulary", subprocess, systemPackage],
            swiftSettings: strict
        ),
        .target(name: "Vocabulary", swiftSettings: strict),
        .target(
            name: "Units",
            path: "units",
            exclude: ["LEAVING.md", "PROOF.md", "README.md", "REFERENCE.md", "monitoring"],
            resources: [
                .embedInCode("smtp-relay-agent-health.init"),
                .embedInCode("smtp-relay-agent-health.service"),
                .embedInCode("smtp-relay-agent-postfix.conf"),
                .embedInCode("smtp-relay-agent-reconcile.init"),
                .embedInCode("smtp-relay-agent-reconcile.service"),
                .embedInCode("smtp-relay-agent-reconcile.timer"),
                .embedInCode("smtp-relay-agent-signer.init"),
                .embedInCode("smtp-relay-agent-signer.service"),
                .embedInCode("smtp-relay-agent-watch.service"),
                .embedInCode("smtp-relay-agent.cron"),
                .embedInCode("smtp-relay-agent.init"),
                .embedInCode("smtp-relay-agent.logrotate"),
                .embedInCode("smtp-relay-agent.service"),
            ],
            swiftSettings: strict
        ),
        .target(name: "CLinux"),
        .target(name: "CRelease"),
        .systemLibrary(name: "CExpat", providers: [.apt(["libexpat1-dev"])]),

        .target(
            name: "RelayTestSupport",
            dependencies: [
                "AWS", "HTTP", "Host", "Settings", "Vocabulary", nioCore, nioHTTP1, nioPosix, systemPackage,
            ],
            path: "Tests/RelayTestSupport",
            swiftSettings: strict
        ),
        // What the program reads out of Postfix's files and writes there, for Tests/System to compare with Postfix's own word.
        .executableTarget(
            name: "postfix-model",
            dependencies: ["RelayNode", "Settings", "Vocabulary"],
            path: "Tests/PostfixModel",
            swiftSettings: strict
        ),
        .testTarget(
            name: "VocabularyTests",
            dependencies: ["RelayTestSupport", "Vocabulary"],
            swiftSettings: strict
        ),
        .testTarget(name: "ReconcileTests", dependencies: ["Reconcile"], swiftSettings: strict),
        .testTarget(
            name: "RelayNodeTests",
            dependencies: ["RelayNode", "RelayTestSupport", "Settings", "Vocabulary"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SettingsTests",
            dependencies: ["RelayTestSupport", "Settings", "Vocabulary"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPTests",
            dependencies: ["HTTP", "RelayTestSupport", "Vocabulary"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "AWSTests",
            dependencies: ["AWS", "HTTP", "RelayTestSupport", "Vocabulary"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FactsTests",
            dependencies: ["AWS", "Facts", "HTTP", "Host", "RelayTestSupport", "Vocabulary", systemPackage],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HostTests",
            dependencies: ["Host", "RelayTestSupport", "Vocabulary", systemPackage],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SMTPTests",
            dependencies: ["RelayTestSupport", "SMTP", "Vocabulary", nioCore, nioPosix],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SignerTests",
            dependencies: ["RelayTestSupport", "Signer", nioCore, nioPosix],
            exclude: ["odd-messages.json"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ResourcesTests",
            dependencies: [
                "AWS", "Host", "Reconcile", "RelayNode", "RelayTestSupport", "Resources", "SMTP", "Units", "Vocabulary",
                systemPackage,
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "AgentLogTests", dependencies: ["AgentLog", logging], swiftSettings: strict),
        .testTarget(
            name: "DoctorTests",
            dependencies: [
                "AWS", "Doctor", "HTTP", "Host", "MailLogs", "Reconcile", "RelayNode", "RelayTestSupport", "Resources",
                "SMTP", "Signer", "Vocabulary", systemPackage,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CloudWatchTests",
            dependencies: [
                "AWS", "AgentLog", "CloudWatch", "HTTP", "Host", "MailLogs", "RelayTestSupport", "Vocabulary",
                systemPackage,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MailLogsTests",
            dependencies: ["Host", "MailLogs", "RelayTestSupport", "Vocabulary", systemPackage],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ReportsTests",
            dependencies: [
                "Host", "RelayNode", "RelayTestSupport", "Reports", "Resources", "Vocabulary", systemPackage,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RelayAgentTests",
            dependencies: [
                "AWS", "AgentLog", "CloudWatch", "Doctor", "Facts", "HTTP", "Host", "MailLogs", "Reconcile",
                "RelayAgent", "RelayNode", "RelayTestSupport", "Reports", "Resources", "SMTP", "Settings", "Signer",
                "Units", "Vocabulary",
                logging, systemPackage,
            ],
            swiftSettings: strict
        ),
    ]
)
