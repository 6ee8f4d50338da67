package import Vocabulary

/// EC2's API, over the network.
package struct EC2Client: EC2Describing {
    private let client: QueryClient

    package init(_ client: QueryClient) {
        self.client = client
    }

    package func tags(of instance: InstanceID) async throws(AWSFailure) -> [String: String] {
        var tags: [String: String] = [:]
        var page: String?
        repeat {
            var parameters = [("Filter.1.Name", "resource-id"), ("Filter.1.Value.1", "\(instance)")]
            if let page { parameters.append(("NextToken", page)) }
            let answer = try await client.call("DescribeTags", parameters)
            for item in answer.list("tagSet") {
                if let key = item.value("key") { tags[key] = item.value("value") ?? "" }
            }
            page = answer.value("nextToken")
        } while page != nil
        return tags
    }

    package func securityGroups(_ ids: [String]) async throws(AWSFailure) -> [SecurityGroup] {
        guard !ids.isEmpty else { return [] }
        let parameters = ids.enumerated().map { ("GroupId.\($0.offset + 1)", $0.element) }
        let answer = try await client.call("DescribeSecurityGroups", parameters)
        return answer.list("securityGroupInfo").map { group in
            SecurityGroup(id: group.value("groupId") ?? "", ingress: group.list("ipPermissions").map(Self.rule))
        }
    }

    private static func rule(_ element: XMLElement) -> SecurityGroup.Rule {
        let ranges =
            element.list("ipRanges").compactMap { $0.value("cidrIp") }
            + element.list("ipv6Ranges").compactMap { $0.value("cidrIpv6") }
        let from = element.value("fromPort").flatMap { Int($0) }
        let to = element.value("toPort").flatMap { Int($0) }
        let ports: ClosedRange<Int>? =
            if let from, let to, from >= 0, from <= to { from...to } else { nil }
        return SecurityGroup.Rule(
            ipProtocol: element.value("ipProtocol") ?? "-1",
            ports: ports,
            sources: ranges.compactMap { try? IPNetwork($0) }
        )
    }
}
