import AWS
import HTTP
import RelayTestSupport
import Testing

/// Answers of AWS's APIs, or of whoever stands in between.
struct AnswersFuzzTests {
    @Test func anAnswerIsATreeOfBoundedDepthOrRefusedInOneLine() async {
        var trees = 0
        await fuzz(800) { chance in
            let bytes = chance.mutation(of: Self.answers)
            do throws(XMLFailure) {
                let root = try XMLElement.parse(bytes)
                trees += 1
                #expect(depth(of: root) <= 64, "\(chance)")
                #expect(!root.name.isEmpty, "\(chance)")
            } catch {
                #expect(!error.reason.isEmpty && error.reason.isOnePlainLine, "\(chance)")
            }
        }
        #expect(trees > 0)
    }

    @Test func anErrorIsShownAsOneLineWhateverItSays() async {
        await fuzz(400) { chance in
            let error = AWSError(HTTPResponse(status: 400, body: chance.mutation(of: Self.answers)))
            #expect("\(error)".isOnePlainLine, "\(chance)")
            #expect("\(error)".utf8.count < 10_000, "\(chance)")
        }
    }

    private func depth(of element: XMLElement) -> Int {
        1 + (element.children.map { depth(of: $0) }.max() ?? 0)
    }

    private static let answers = [
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <DescribeInstanceHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/">
          <DescribeInstanceHealthResult><InstanceStates>
            <member><InstanceId>i-0123</InstanceId><State>InService</State><Description>N/A &lt;&#228;&gt;</Description></member>
          </InstanceStates></DescribeInstanceHealthResult>
          <ResponseMetadata><RequestId>f9880f01</RequestId></ResponseMetadata>
        </DescribeInstanceHealthResponse>
        """,
        """
        <ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: x is not authorized</Message>
        </Error><RequestId>a</RequestId></ErrorResponse>
        """,
        "<Response><Errors><Error><Code>A</Code><Message><![CDATA[b]]></Message></Error></Errors><RequestID>c</RequestID></Response>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a><Error><Code>a\nb</Code></Error><RequestId>c</RequestId></a>",
        "<html>Bad Gateway", String(repeating: "<a>", count: 70),
    ].map { Array($0.utf8) }
}
