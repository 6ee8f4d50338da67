// Made by Fixtures/make-botocore-signatures.py with botocore 1.43.11. Change it there.
// swift-format-ignore-file
import HTTP

/// A request and what botocore's signer says of it.
struct BotocoreSignature: Sendable, CustomStringConvertible {
    let name: String
    let method: HTTPRequest.Method
    let url: String
    var headers: [HTTPHeader] = []
    var body = ""
    let service: String
    let region: String
    var sessionToken: String?
    var seconds: Double = 1_440_938_160
    let authorization: String

    var description: String { name }

    static let accessKeyID = "AKIAIOSFODNN7EXAMPLE"
    static let secretAccessKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    private static let token = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaDGV1LWNlbnRyYWwtMSJHMEUCIQ=="
    private static let form = [HTTPHeader("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]

    static let table: [BotocoreSignature] = [
        BotocoreSignature(
            name: "describe", method: .post,
            url: "https://elasticloadbalancing.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeLoadBalancers&Version=2012-06-01&LoadBalancerNames.member.1=mail-relay",
            service: "elasticloadbalancing", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=435c7745a0f0876cde6b44ebd87282a9d7e4fdf7cfb9c4df73d8dca0d956aaa2"
        ),
        BotocoreSignature(
            name: "health", method: .post,
            url: "https://elasticloadbalancing.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeInstanceHealth&Version=2012-06-01&LoadBalancerName=mail-relay&Instances.member.1.InstanceId=i-0123456789abcdef0",
            service: "elasticloadbalancing", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=9cddf2842c83672d8f301fee8f1ccb0495ed3b618f91355f3b44e16d3e2f369a"
        ),
        BotocoreSignature(
            name: "register", method: .post,
            url: "https://elasticloadbalancing.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=RegisterInstancesWithLoadBalancer&Version=2012-06-01&LoadBalancerName=mail-relay&Instances.member.1.InstanceId=i-0123456789abcdef0",
            service: "elasticloadbalancing", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=4a4c94fa674246f24f56fd954a03074e21b3b0c7cc727be333617effe755bce4"
        ),
        BotocoreSignature(
            name: "deregister", method: .post,
            url: "https://elasticloadbalancing.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DeregisterInstancesFromLoadBalancer&Version=2012-06-01&LoadBalancerName=mail-relay&Instances.member.1.InstanceId=i-0123456789abcdef0",
            service: "elasticloadbalancing", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=15698edb7f30b1e8908dd9d1ce151ed65bc78df7f9e3a38471db0c276b56273d"
        ),
        BotocoreSignature(
            name: "policies", method: .post,
            url: "https://elasticloadbalancing.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeLoadBalancerPolicies&Version=2012-06-01&LoadBalancerName=mail-relay",
            service: "elasticloadbalancing", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=2edc7be68b5cdb287168f312d69f4cdb8220968abcf76d88ccdd5c6894fc2c7b"
        ),
        BotocoreSignature(
            name: "session token", method: .post,
            url: "https://elasticloadbalancing.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeLoadBalancers&Version=2012-06-01",
            service: "elasticloadbalancing", region: "eu-central-1", sessionToken: token,
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=b19a099e363bce8bfa601da17bf6ede3abb6497080b6c10cc733646ce7971c52"
        ),
        BotocoreSignature(
            name: "tags", method: .post,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeTags&Version=2016-11-15&Filter.1.Name=resource-id&Filter.1.Value.1=i-1",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=4a3d73403309896b2a6bd2cecaf9c4be9c6f4e95d17ea883f699ef0d98e36fcb"
        ),
        BotocoreSignature(
            name: "security groups with token", method: .post,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeSecurityGroups&Version=2016-11-15&GroupId.1=sg-1",
            service: "ec2", region: "eu-central-1", sessionToken: token,
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=8fd8960148e791e696154b28f7af81eb55a2764bdf93f31416027f61b1b0a051"
        ),
        BotocoreSignature(
            name: "UTF-8 form", method: .post,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeTags&Version=2016-11-15&Filter.1.Value.1=Gr%C3%B6%C3%9Fe%20%E2%98%83%20%E6%97%A5%E6%9C%AC",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=aff84a25f0c0a95ebc1eb8ff3dd11d3c3d18b9e12c52d0423d08a9a4556773fa"
        ),
        BotocoreSignature(
            name: "odd characters in a form", method: .post,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeTags&Version=2016-11-15&Filter.1.Value.1=a%20b%2Bc%26d%3De%2Ff%2Ag~h%27%28i%29%25j",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=a2abdacf8f64610d48a6e6656157c87f2bde2897cf0245e66720cad6a258608e"
        ),
        BotocoreSignature(
            name: "empty value", method: .post,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeTags&Version=2016-11-15&NextToken=",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=2111873049fedc59339825126f8022f2cdf40ab67232ede9bf0ef12452b89e6b"
        ),
        BotocoreSignature(
            name: "China", method: .post,
            url: "https://ec2.cn-north-1.amazonaws.com.cn/",
            headers: form,
            body: "Action=DescribeTags&Version=2016-11-15",
            service: "ec2", region: "cn-north-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/cn-north-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=a8ed81f042dd03993c00ab1e044572e5e2b89f1b0892e1d6eec2eec55e2403d9"
        ),
        BotocoreSignature(
            name: "GovCloud", method: .post,
            url: "https://elasticloadbalancing.us-gov-west-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeLoadBalancers&Version=2012-06-01",
            service: "elasticloadbalancing", region: "us-gov-west-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/us-gov-west-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=b597db520023772a002bb97c4d746a58d8f0ef5451aee66d313fde2502e89657"
        ),
        BotocoreSignature(
            name: "port in the host", method: .post,
            url: "http://127.0.0.1:5000/",
            headers: form,
            body: "Action=DescribeLoadBalancers&Version=2012-06-01",
            service: "elasticloadbalancing", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=13ccb4b17ba43a39795ee0fe62494e850be3394ef254740ae25abb1a84662c06"
        ),
        BotocoreSignature(
            name: "default port", method: .post,
            url: "https://ec2.eu-central-1.amazonaws.com:443/",
            headers: form,
            body: "Action=DescribeTags&Version=2016-11-15",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=54abce2f171d9ff5e6e48e0ac7e33fd589b0255598ed75e7ed45c665ca3003ef"
        ),
        BotocoreSignature(
            name: "IPv6 host", method: .post,
            url: "http://[fd00:ec2::23]:8080/",
            headers: form,
            body: "Action=DescribeTags&Version=2016-11-15",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=1cff6f73f054e98365bc0d9e6ea0eadbda448fe024c0b48c64a40051d67c8afb"
        ),
        BotocoreSignature(
            name: "endpoint with a path", method: .post,
            url: "https://proxy.example.com/aws/elb/",
            headers: form,
            body: "Action=DescribeLoadBalancers&Version=2012-06-01",
            service: "elasticloadbalancing", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=5d9ca3554e8c3a01d90e513b6e622daf4eda8aec530f08942c43f633b62d89d1"
        ),
        BotocoreSignature(
            name: "host in capitals", method: .post,
            url: "https://EC2.EU-Central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeTags&Version=2016-11-15",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=54abce2f171d9ff5e6e48e0ac7e33fd589b0255598ed75e7ed45c665ca3003ef"
        ),
        BotocoreSignature(
            name: "GET without query", method: .get,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=ff618c87ae572a9fe30aec087609694e99c429fc113e270a51cc5ec1d35aa732"
        ),
        BotocoreSignature(
            name: "GET in order", method: .get,
            url: "https://ec2.eu-central-1.amazonaws.com/?Action=DescribeTags&Version=2016-11-15",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=59fce953a1d16fdaeb7070da56ca1333d59129da0c03f857a145e94a07b0165a"
        ),
        BotocoreSignature(
            name: "GET out of order", method: .get,
            url: "https://ec2.eu-central-1.amazonaws.com/?b=2&a=2&a=1&A=1&a-b=3",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=98787669eb7de111a59d09d19bf4549b8396fb1252e5da03e46a581a0b9bc41e"
        ),
        BotocoreSignature(
            name: "GET with odd characters", method: .get,
            url: "https://ec2.eu-central-1.amazonaws.com/?key%20with%20space=v%2Fa%3Dl%2Bu%26e&~._-=%2A%27%28%29%21&%25=%2541",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=b77e57ade3bc5e26e3321fde904bcc531d1a7948425f2d6dd8fbadd650a7300d"
        ),
        BotocoreSignature(
            name: "GET with UTF-8", method: .get,
            url: "https://ec2.eu-central-1.amazonaws.com/?%C3%BC=%C3%9F&%E6%97%A5=%E6%9C%AC&%E2%98%83=",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=7328daf8a82da46a38b045c9b3c8722ef4d132e4d3eb6d30723453995815b957"
        ),
        BotocoreSignature(
            name: "GET with a token", method: .get,
            url: "https://ec2.eu-central-1.amazonaws.com/?Action=DescribeTags",
            service: "ec2", region: "eu-central-1", sessionToken: token,
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=7d409d5d9bd8bae4f305a50cd1cdb677a3c005b575fe03cd41c194b4a2ac69e9"
        ),
        BotocoreSignature(
            name: "white space in headers", method: .get,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            headers: [HTTPHeader("X-Test", "  a   b\tc  "), HTTPHeader("X-Other", "z")],
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date;x-other;x-test, Signature=25c252454f3bda64bc0c017a027ae56b4fae5db50f729d3e8c6c7e0bed265f42"
        ),
        BotocoreSignature(
            name: "headers in capitals", method: .get,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            headers: [HTTPHeader("X-B", "B"), HTTPHeader("x-a", "a"), HTTPHeader("X-C", "c")],
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-a;x-amz-date;x-b;x-c, Signature=e9ec5a3314a2bb8818857925136101a5ea646bfe61bc6d0d55b8c33eacf49193"
        ),
        BotocoreSignature(
            name: "path with odd characters", method: .get,
            url: "https://example.amazonaws.com/a%20b/c~d/$e",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=6f0bc18b71a0f3735e4a4797aad13d8b59f1c250c9f8a58c2f02cda318009d29"
        ),
        BotocoreSignature(
            name: "path to be normalized", method: .get,
            url: "https://example.amazonaws.com/a/./b/../c//d/",
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=32d63e61fca3beb1e40593759af1e86366cb4c1e8f06fe136fe1549b1003dbed"
        ),
        BotocoreSignature(
            name: "turn of the year", method: .post,
            url: "https://elasticloadbalancing.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeLoadBalancers&Version=2012-06-01",
            service: "elasticloadbalancing", region: "eu-central-1", seconds: 1735689599,
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20241231/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=969d72dfba29e75a7ac2dc3a69b86b893024b69124d8bde8382642546e667445"
        ),
        BotocoreSignature(
            name: "leap day", method: .post,
            url: "https://elasticloadbalancing.eu-central-1.amazonaws.com/",
            headers: form,
            body: "Action=DescribeLoadBalancers&Version=2012-06-01",
            service: "elasticloadbalancing", region: "eu-central-1", seconds: 1709164800,
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20240229/eu-central-1/elasticloadbalancing/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=b4f81cf3d109fd72f89f2dc2c9e89759021015c3d5f58fed7ff13f0d7939673e"
        ),
        BotocoreSignature(
            name: "long body", method: .post,
            url: "https://ec2.eu-central-1.amazonaws.com/",
            headers: form,
            body: String(repeating: "x", count: 70000),
            service: "ec2", region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-central-1/ec2/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature=aa9863b50f17d1a0c193612d9e225293f2d49dc5346c0acbc49d855941252d71"
        ),
    ]
}
