import RelayTestSupport
import Settings
import Testing

struct LaunchEnvironmentTests {
    @Test func whatLaterPassesNeedIsKeptAndReadBack() {
        var launch = LaunchEnvironment(
            text: "# a comment\n\nSMTP_RELAY_DOMAIN=old.example\nSMTP_RELAY_HOSTNAME=mail.example\n"
        )
        launch.keep(
            environment: [
                "SMTP_RELAY_DOMAIN": "new.example", "SMTP_RELAY_HEALTH_PORT": "8080",
                "HTTPS_PROXY": "http://proxy:3128",
                "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "false",
                "no_proxy": ".internal", "AWS_ENDPOINT_URL_EC2": "https://ec2.example", "AWS_CA_BUNDLE": "/ca.pem",
            ],
            flags: ["health.port=81", "load_balancer.classic="],
            file: "/srv/config.toml"
        )
        let wanted = [
            "SMTP_RELAY_DOMAIN": "new.example", "SMTP_RELAY_HOSTNAME": "mail.example", "SMTP_RELAY_HEALTH_PORT": "81",
            "SMTP_RELAY_LOAD_BALANCER_CLASSIC": "", "SMTP_RELAY_CONFIG": "/srv/config.toml",
            "HTTPS_PROXY": "http://proxy:3128", "no_proxy": ".internal", "AWS_ENDPOINT_URL_EC2": "https://ec2.example",
            "AWS_CA_BUNDLE": "/ca.pem", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "false",
        ]
        #expect(launch.variables == wanted)
        #expect(LaunchEnvironment(text: launch.text) == launch)
        #expect(launch.proxies == ["HTTPS_PROXY": "http://proxy:3128", "no_proxy": ".internal"])
    }

    @Test func secretsAndEverythingElseAreLeftOut() {
        var launch = LaunchEnvironment()
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
            "PATH": "/bin",
            "SMTP_RELAY_HOSTNAME": "mail.example\nSMTP_RELAY_NETWORKS=0.0.0.0/0",
        ]
        launch.keep(environment: environment, flags: ["no.such=1", "health.port"], file: nil)
        #expect(launch == LaunchEnvironment())
    }

    @Test func aFileFromWindowsAndOneWithForgedNamesHaveTheirOwnVariablesOnly() {
        let text = "SMTP_RELAY_DOMAIN=a.b\r\nNO_PROXY=c\r\n"
        #expect(LaunchEnvironment(text: text).variables == ["SMTP_RELAY_DOMAIN": "a.b", "NO_PROXY": "c"])
        var launch = LaunchEnvironment()
        launch.keep(
            environment: ["SMTP_RELAY_A\nSMTP_RELAY_NETWORKS": "0.0.0.0/0", "SMTP_RELAY_NETWORKS=::/0,": "1"],
            flags: [],
            file: nil
        )
        #expect(launch == LaunchEnvironment())
    }

    @Test func whatTheLaunchWasGivenIsWeakerThanTheEnvironmentAndStrongerThanTags() throws {
        let launch = LaunchEnvironment(text: "SMTP_RELAY_DOMAIN=launch.example\nSMTP_RELAY_CONFIG=/c.toml\n")
        func domain(_ environment: [String: String]) throws -> ResolvedValue? {
            try SettingsSources(file: nil, environment: environment, launch: launch, flags: [])
                .relay(tags: ["smtp-relay:domain": "tag.example"]).values.first { $0.key == "mail.domain" }
        }
        #expect(try domain([:])?.value == "\"launch.example\"")
        #expect(try domain([:])?.source.description == "/etc/smtp-relay-agent/environment: SMTP_RELAY_DOMAIN")
        #expect(try domain(["SMTP_RELAY_DOMAIN": "env.example"])?.value == "\"env.example\"")
    }

    @Test func theProcesssOwnVariablesWin() {
        let launch = LaunchEnvironment(text: "HTTPS_PROXY=http://old:1\nNO_PROXY=x\n")
        let whole = launch.completing(["HTTPS_PROXY": "http://new:1", "HOME": "/root"])
        #expect(whole == ["HTTPS_PROXY": "http://new:1", "NO_PROXY": "x", "HOME": "/root"])
    }
}
