package import Vocabulary

/// EC2's API, over the network.
package struct EC2Client: EC2Describing {
    let client: QueryClient

    /// More pages than the 50 tags of an instance or the 1000 entries of a prefix list can fill, so that a server that
    /// gives pages without end is told.
    private static let pageLimit = 20

    package init(_ client: QueryClient) {
        self.client = client
    }

    package func tags(of instance: InstanceID) async throws(AWSFailure) -> [String: String] {
        let filter = [("Filter.1.Name", "resource-id"), ("Filter.1.Value.1", "\(instance)")]
        var tags: [String: String] = [:]
        for item in try await pages("DescribeTags", "tagSet", filter) {
            if let key = item.value("key") { tags[key] = item.value("value") ?? "" }
        }
        return tags
    }

    package func entries(ofPrefixList id: String) async throws(AWSFailure) -> [IPNetwork] {
        let action = "GetManagedPrefixListEntries"
        var entries: [IPNetwork] = []
        for item in try await pages(action, "entrySet", [("PrefixListId", id)]) {
            entries.append(try Self.network(item.value("cidr") ?? "", of: action))
        }
        return entries
    }

    /// The items of a list that the API gives page by page.
    private func pages(
        _ action: String,
        _ list: String,
        _ parameters: [(String, String)]
    ) async throws(AWSFailure) -> [XMLElement] {
        var items: [XMLElement] = []
        var page: String?
        for _ in 0..<Self.pageLimit {
            let answer = try await client.call(action, parameters + (page.map { [("NextToken", $0)] } ?? []))
            items += answer.list(list)
            page = answer.value("nextToken")
            if page == nil { return items }
        }
        throw AWSFailure(action: "ec2:\(action)", reason: .unreadable("more than \(Self.pageLimit) pages"))
    }

    /// A range that an answer names. Left out, it could be the one that opens a door to the world.
    private static func network(_ text: String, of action: String) throws(AWSFailure) -> IPNetwork {
        do throws(InvalidValue) {
            return try IPNetwork(text)
        } catch {
            throw AWSFailure(action: "ec2:\(action)", reason: .unreadable("\(error)"))
        }
    }

    package func securityGroups(_ ids: [String]) async throws(AWSFailure) -> [SecurityGroup] {
        guard !ids.isEmpty else { return [] }
        let parameters = ids.enumerated().map { ("GroupId.\($0.offset + 1)", $0.element) }
        let answer = try await client.call("DescribeSecurityGroups", parameters)
        var groups: [SecurityGroup] = []
        for element in answer.list("securityGroupInfo") {
            var rules: [SecurityGroup.Rule] = []
            for permission in element.list("ipPermissions") { rules.append(try Self.rule(permission)) }
            var egress: [SecurityGroup.Rule] = []
            for permission in element.list("ipPermissionsEgress") { egress.append(try Self.rule(permission)) }
            groups.append(
                SecurityGroup(
                    id: element.value("groupId") ?? "",
                    name: element.value("groupName") ?? "",
                    ingress: rules,
                    egress: egress
                )
            )
        }
        return groups
    }

    private static func rule(_ element: XMLElement) throws(AWSFailure) -> SecurityGroup.Rule {
        let ranges =
            element.list("ipRanges").compactMap { $0.value("cidrIp") }
            + element.list("ipv6Ranges").compactMap { $0.value("cidrIpv6") }
        var sources: [IPNetwork] = []
        for range in ranges { sources.append(try network(range, of: "DescribeSecurityGroups")) }
        let from = element.value("fromPort").flatMap { Int($0) }
        let to = element.value("toPort").flatMap { Int($0) }
        let ports: ClosedRange<Int>? =
            if let from, let to, from >= 0, from <= to { from...to } else { nil }
        return SecurityGroup.Rule(
            ipProtocol: element.value("ipProtocol") ?? "-1",
            ports: ports,
            sources: sources,
            prefixLists: element.list("prefixListIds").compactMap { $0.value("prefixListId") },
            groups: element.list("groups").compactMap { $0.value("groupId") }
        )
    }
}
