import AWS
import RelayTestSupport
import Testing
import Vocabulary

extension Ingress {
    /// Whether the world may come in by a port.
    func isWorld(on port: UInt16, to families: Set<IPAddress.Family> = [.ipv4, .ipv6]) -> Bool {
        if case .world = exposure(on: port, to: families) { true } else { false }
    }
}

struct IngressTests {
    /// Two groups with a rule each; what begins with `pl-` is a prefix list.
    private func ingress(_ first: [String], _ second: [String] = [], lists: [String: [String]] = [:]) throws -> Ingress
    {
        let groups = try [first, second].enumerated().map { index, sources in
            SecurityGroup(
                id: "sg-\(index + 1)",
                ingress: [
                    .init(
                        ipProtocol: "tcp",
                        ports: 20...30,
                        sources: try sources.filter { !$0.hasPrefix("pl-") }.map { try IPNetwork($0) },
                        prefixLists: sources.filter { $0.hasPrefix("pl-") }
                    )
                ]
            )
        }
        return Ingress(groups, lists: try lists.mapValues { .success(try $0.map { try IPNetwork($0) }) })
    }

    private static let quarters = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]
    /// Everything but 10.0.0.0/8.
    private static let butTen = [
        "0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2", "128.0.0.0/1",
    ]

    @Test(arguments: [
        ["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"], quarters, butTen, ["1.0.0.0/8", "2.0.0.0/32"], ["::/0"],
        ["2000::/3"], ["2000::/16", "3000::/64"], (1...9).map { "\($0).0.0.0/8" },
    ])
    func sumsOfRangesAreTheWorld(sources: [String]) throws {
        #expect(try ingress(sources).isWorld(on: 25))
        // However they are spread over groups and lists.
        let half = sources.count / 2
        let (some, others) = (Array(sources[..<half]), Array(sources[half...]))
        #expect(try ingress(some, others).isWorld(on: 25))
        #expect(try ingress(some, ["pl-1"], lists: ["pl-1": others]).isWorld(on: 25))
        #expect(try ingress(["pl-1"], ["pl-2"], lists: ["pl-1": some, "pl-2": others]).isWorld(on: 25))
    }

    @Test(arguments: [
        [], ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"], ["198.51.100.0/24"],
        ["17.0.0.0/8"], ["17.0.0.0/8", "17.0.0.0/9", "17.128.0.0/9", "10.0.0.0/8"], ["2600::/16"], ["fe80::/10"],
    ])
    func rangesOfOnesOwnAreNot(sources: [String]) throws {
        #expect(try !ingress(sources).isWorld(on: 25))
        #expect(try !ingress(["pl-1"], lists: ["pl-1": sources]).isWorld(on: 25))
    }

    @Test func onlyTheFamiliesOfTheDoorCount() throws {
        #expect(try !ingress(["::/0"]).isWorld(on: 25, to: [.ipv4]))
        #expect(try !ingress(["0.0.0.0/0"]).isWorld(on: 25, to: [.ipv6]))
        #expect(try ingress(["::/1", "8000::/1"]).isWorld(on: 25, to: [.ipv6]))
        // One family does not make up for the other.
        #expect(try !ingress(["17.0.0.0/8", "2600::/16"]).isWorld(on: 25))
    }

    @Test func eachOpeningHasACommandThatClosesIt() throws {
        let ingress = Ingress([
            SecurityGroup(
                id: "sg-1",
                ingress: [
                    .init(ipProtocol: "tcp", ports: 25...25, sources: try [IPNetwork("0.0.0.0/0"), IPNetwork("::/0")]),
                    .init(ipProtocol: "6", ports: 1...1024, sources: [try IPNetwork("128.0.0.0/1")]),
                    .init(ipProtocol: "-1", ports: nil, sources: [], prefixLists: ["pl-1"]),
                ]
            )
        ])
        let command = "aws ec2 revoke-security-group-ingress --group-id sg-1"
        #expect(
            ingress.openings(on: 25).map(\.revocation) == [
                "\(command) --protocol tcp --port 25 --cidr 0.0.0.0/0",
                "\(command) --ip-permissions IpProtocol=tcp,FromPort=25,ToPort=25,Ipv6Ranges=[{CidrIpv6=::/0}]",
                "\(command) --protocol tcp --port 1-1024 --cidr 128.0.0.0/1",
                "\(command) --ip-permissions IpProtocol=-1,PrefixListIds=[{PrefixListId=pl-1}]",
            ]
        )
    }

    @Test func onlyWhatMakesItTheWorldIsNamedTheWidestFirst() throws {
        let found = try ingress(["10.0.0.0/8", "198.51.100.0/24", "128.0.0.0/1"], ["0.0.0.0/0"])
        guard case .world(let openings) = found.exposure(on: 25) else {
            Issue.record("it is open")
            return
        }
        #expect(openings.map { "\($0.group) \($0.source)" } == ["sg-2 0.0.0.0/0", "sg-1 128.0.0.0/1"])
    }
}
