import AWS
import HTTP
import RelayTestSupport
import Testing
import Vocabulary

@Suite struct CloudWatchMetricsClientTests {
    private func put(_ transport: ScriptedTransport) async throws {
        try await CloudWatchMetricsClient(Answers.client(transport, .cloudWatch)).put(
            [MetricDatum("Sent", .count, 7), MetricDatum("OldestDeferred", .seconds, 61)],
            of: MetricDimension(name: "Group", value: "relay 1"),
            to: MetricNamespace("SMTPRelay"),
            at: 1_440_938_160
        )
    }

    @Test func valuesAreWritten() async throws {
        let transport = ScriptedTransport([.text(200, "<PutMetricDataResponse/>")])
        try await put(transport)
        let request = try #require(transport.requests.first)
        #expect(request.url == "https://monitoring.eu-central-1.amazonaws.com/")
        #expect(request.text.hasPrefix("Action=PutMetricData&Version=2010-08-01&Namespace=SMTPRelay&MetricData."))
        for text in [
            "MetricData.member.1.MetricName=Sent&MetricData.member.1.Unit=Count&MetricData.member.1.Value=7",
            "MetricData.member.1.Timestamp=2015-08-30T12%3A36%3A00Z",
            "MetricData.member.2.Dimensions.member.1.Name=Group",
            "MetricData.member.2.Dimensions.member.1.Value=relay%201",
        ] {
            #expect(request.text.contains(text), "\(request.text)")
        }
        // The signature has the service's name, IAM actions have another one.
        #expect(request.value("Authorization")?.contains("/monitoring/aws4_request") == true)
    }

    @Test func aRefusalNamesTheActionOfIAM() async throws {
        let transport = ScriptedTransport([.text(403, Answers.error("AccessDenied"))])
        do {
            try await put(transport)
            Issue.record("a refusal is an error")
        } catch let failure as AWSFailure {
            #expect(failure.action == "cloudwatch:PutMetricData")
            #expect(failure.description.contains("allow cloudwatch:PutMetricData"))
        }
    }
}
