import AWS
import Resources
import Vocabulary

/// The end of a launch, as its recipients are told of it.
package enum LaunchOutcome: String, Sendable, Codable {
    /// The node is as it should be, and its load balancers call it in service.
    case inService = "in service"
    case failed
}

/// A lifecycle hook or a stack that waits for the result of the launch.
protocol LaunchRecipient: Sendable {
    /// As the log names it.
    var name: String { get }

    /// The result in the recipient's own word: `CONTINUE`, `FAILURE`.
    func word(for outcome: LaunchOutcome) -> String

    /// Sends the result. Sending it twice does no harm.
    func tell(_ outcome: LaunchOutcome) async throws -> Reception
}

/// The lifecycle hook that holds the instance in Pending:Wait.
struct LaunchHook: LaunchRecipient {
    let instance: HookedInstance
    /// The time that the instance may take from Pending to Pending:Wait.
    private static let patience: Duration = .seconds(60)

    var name: String { instance.name }

    func word(for outcome: LaunchOutcome) -> String { result(of: outcome).rawValue }

    func tell(_ outcome: LaunchOutcome) async throws -> Reception {
        try await instance.complete(result(of: outcome), by: .now + Self.patience)
    }

    private func result(of outcome: LaunchOutcome) -> LifecycleResult {
        outcome == .inService ? .proceed : .abandon
    }
}

/// The resource of a CloudFormation stack that counts its instances' signals.
struct StackSignal: LaunchRecipient {
    let resource: NodeSettings.StackResource
    let instance: InstanceID
    let cloudFormation: any CloudFormation

    var name: String { "CloudFormation stack \(resource.stack), resource \(resource.resource)" }

    func word(for outcome: LaunchOutcome) -> String { signal(of: outcome).rawValue }

    func tell(_ outcome: LaunchOutcome) async throws -> Reception {
        let isTaken = try await cloudFormation.signal(resource, signal(of: outcome), from: instance)
        return isTaken ? .taken : .notWanted(because: "the stack is complete")
    }

    private func signal(of outcome: LaunchOutcome) -> ResourceSignal {
        outcome == .inService ? .success : .failure
    }
}
