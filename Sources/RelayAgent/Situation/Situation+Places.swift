import Facts
import Host
import RelayNode
import Resources
import Vocabulary

extension Situation {
    /// Every load balancer that the node is to be in, of each kind.
    func places(_ allowed: AllowedNetworks, _ host: HostAccess) -> [any LoadBalancerPlace] {
        places(JoinedPlaces.named(settings.loadBalancer), allowed, host)
    }

    func places(
        _ places: [JoinedPlaces.Place],
        _ allowed: AllowedNetworks,
        _ host: HostAccess
    ) -> [any LoadBalancerPlace] {
        let node = RegisteredInstance(
            facts,
            settings,
            isAllowed: allowed.contains(facts.privateAddress),
            securityGroups: {
                try await account.metadata.reader(within: .seconds(10), trustsSilence: true).exposedSecurityGroups(
                    primary: facts.mac,
                    isExposed: facts.publicAddress != nil || !facts.ipv6Addresses.isEmpty,
                    speaksIPv6: InternetProtocol6.isOn(host.files)
                )
            }
        )
        let isOpenAllowed = settings.loadBalancer.allowOpenToWorld
        return places.map { place in
            switch place {
            case .classic(let name):
                ClassicPlace(
                    name,
                    node: node,
                    allowOpenToWorld: isOpenAllowed,
                    elb: account.elb,
                    ec2: account.ec2
                )
            case .targetGroup(let group):
                TargetGroupPlace(
                    group,
                    node: node,
                    allowOpenToWorld: isOpenAllowed,
                    elb: account.elbV2,
                    ec2: account.ec2,
                    postfix: { await PostfixVersion.installed(host.runner) }
                )
            }
        }
    }
}
