extension FindingKind {
    static let ofNetwork: [FindingKind] = [
        loadBalancerClosed, loadBalancerEgressClosed, instanceClosedToLoadBalancer, instanceEgressClosed,
        smtpOpenToWorld,
        networkACLBlocksMail, noRouteToInternet,
    ]

    static let loadBalancerClosed = FindingKind(
        "load-balancer-closed",
        .critical,
        seen: "The load balancer's security groups let nobody in on a port of its listeners.",
        why: "senders' connections to that port time out",
        cure: "aws ec2 authorize-security-group-ingress"
    )

    static let loadBalancerEgressClosed = FindingKind(
        "load-balancer-egress-closed",
        .critical,
        seen: "The load balancer's security groups do not let it reach this instance.",
        why: "senders' connections time out, or health checks fail",
        cure: "aws ec2 authorize-security-group-egress"
    )

    static let instanceClosedToLoadBalancer = FindingKind(
        "instance-closed-to-load-balancer",
        .critical,
        seen: "This instance's security groups do not let the load balancer in.",
        why: "senders' connections time out, or health checks fail",
        cure: "aws ec2 authorize-security-group-ingress"
    )

    static let instanceEgressClosed = FindingKind(
        "instance-egress-closed",
        .critical,
        seen: "This instance's security groups let nothing out to port 25 of the internet.",
        why: "no mail can be delivered",
        cure: "aws ec2 authorize-security-group-egress ... --port 25"
    )

    static let smtpOpenToWorld = FindingKind(
        "smtp-open-to-world",
        .critical,
        .warning,
        seen: "Security groups let the internet in on a mail port.",
        why: "with the next public address or hidden sender the relay is open to strangers",
        cure: "aws ec2 revoke-security-group-ingress"
    )

    static let networkACLBlocksMail = FindingKind(
        "network-acl-blocks-mail",
        .critical,
        seen: "The subnet's network ACL stops mail, health checks or the answers to them.",
        why: "those connections time out; a network ACL has to let both ways through",
        cure: "aws ec2 create-network-acl-entry"
    )

    static let noRouteToInternet = FindingKind(
        "no-route-to-internet",
        .critical,
        seen: "The subnet's route table has no way to the internet that this instance can use.",
        why: "no mail can be delivered",
        cure: "aws ec2 create-route"
    )
}
