import AWS
import Doctor
import Facts
import Vocabulary

/// The account and region that an instance is in, with its APIs. They sign with the credentials of the instance's role.
struct AWSAccount: Sendable {
    let region: Region
    /// The domain of the region's services, such as `amazonaws.com`.
    let domain: DomainName
    /// The source of the credentials.
    let metadata: MetadataClient
    let access: AWSAccess

    var ec2: any EC2Describing { EC2Client(access.client(.ec2, of: self)) }

    var elb: any ClassicLoadBalancing { ClassicLoadBalancingClient(access.client(.elasticLoadBalancing, of: self)) }

    var elbV2: any NetworkLoadBalancing {
        NetworkLoadBalancingClient(access.client(.elasticLoadBalancingV2, of: self), memory: access.targetGroups)
    }

    var ssm: any ParameterReading { SSMClient(access.client(.ssm, of: self)) }

    var fleet: any FleetReading {
        FleetClient(
            ssm: SSMClient(access.client(.ssm, of: self)),
            s3: S3Client(access.client(.s3, of: self), endpoint: access.endpoint(.s3, of: self))
        )
    }

    var autoScaling: any AutoScaling { AutoScalingClient(access.client(.autoScaling, of: self)) }

    var cloudFormation: any CloudFormation { CloudFormationClient(access.client(.cloudFormation, of: self)) }

    var logs: any LogEventWriting { CloudWatchLogsClient(access.client(.cloudWatchLogs, of: self)) }

    /// CloudWatch Logs, where events are looked for.
    var events: any LogEventReading { CloudWatchLogsClient(access.client(.cloudWatchLogs, of: self)) }

    var metrics: any MetricWriting { CloudWatchMetricsClient(access.client(.cloudWatch, of: self)) }

    /// The address of a service's API.
    func url(of service: ServiceEndpoint.Service) throws(EndpointFailure) -> String {
        try access.endpoint(service, of: self).url.get()
    }

    /// The keys that calls are signed with.
    func credentials() async throws -> Credentials { try await access.credentials(metadata).credentials() }

    /// The APIs as the doctor reads them.
    var readings: CloudReadings {
        CloudReadings(
            ec2: EC2Client(access.client(.ec2, of: self)),
            elb: ClassicLoadBalancingClient(access.client(.elasticLoadBalancing, of: self)),
            elbV2: NetworkLoadBalancingClient(
                access.client(.elasticLoadBalancingV2, of: self),
                memory: access.targetGroups
            ),
            url: try? url(of: .elasticLoadBalancing)
        )
    }
}
