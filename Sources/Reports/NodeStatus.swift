package import Resources
import Vocabulary

/// The results of the last passes, as a file that `status` and monitoring read. It holds no secret.
package struct NodeStatus: Sendable, Equatable, Codable {
    /// A part of the node, as `plan` and the log name it.
    package struct Part: Sendable, Equatable, Codable {
        package enum State: String, Sendable, Codable {
            case asItShouldBe = "as it should be"
            case failed
            /// A part before it failed.
            case notReached = "not reached"
        }

        package var name: String
        package var state: State
        /// Seconds since 1970.
        package var checkedAt: Int?
        package var changedAt: Int?
        /// The last change that was made.
        package var lastChange: String?

        package init(
            name: String,
            state: State,
            checkedAt: Int? = nil,
            changedAt: Int? = nil,
            lastChange: String? = nil
        ) {
            self.name = name
            self.state = state
            self.checkedAt = checkedAt
            self.changedAt = changedAt
            self.lastChange = lastChange
        }
    }

    package struct Pass: Sendable, Equatable, Codable {
        package var startedAt: Int
        package var seconds: Double
        /// The person or event that asked for it.
        package var trigger: String
        package var changes: Int
        package var failure: String?

        package init(startedAt: Int, seconds: Double, trigger: String, changes: Int, failure: String? = nil) {
            self.startedAt = startedAt
            self.seconds = seconds
            self.trigger = trigger
            self.changes = changes
            self.failure = failure
        }
    }

    package struct Failure: Sendable, Equatable, Codable {
        package var at: Int
        package var step: String
        package var text: String

        package init(at: Int, step: String, text: String) {
            self.at = at
            self.step = step
            self.text = text
        }
    }

    package struct Service: Sendable, Equatable, Codable {
        package var name: String
        package var isActive: Bool
        package var isEnabled: Bool
        package var process: Int32?

        package init(name: String, isActive: Bool, isEnabled: Bool, process: Int32?) {
            self.name = name
            self.isActive = isActive
            self.isEnabled = isEnabled
            self.process = process
        }
    }

    /// The settings of the fleet that the node goes by.
    package struct Fleet: Sendable, Equatable, Codable {
        package struct Refused: Sendable, Equatable, Codable {
            package var version: String
            package var reason: String
            package var at: Int

            package init(version: String, reason: String, at: Int) {
                self.version = version
                self.reason = reason
                self.at = at
            }
        }

        /// As `fleet.settings` names it.
        package var place: String
        package var version: String?
        /// Whether it is not known yet whether the version works.
        package var isOnTrial: Bool
        /// Seconds since 1970.
        package var readAt: Int?
        /// The newest version, where the node does not take it.
        package var refused: Refused?
        /// Why the last reading failed; `nil` where it did not.
        package var unread: String?

        package init(
            place: String,
            version: String?,
            isOnTrial: Bool = false,
            readAt: Int? = nil,
            refused: Refused? = nil,
            unread: String? = nil
        ) {
            self.place = place
            self.version = version
            self.isOnTrial = isOnTrial
            self.readAt = readAt
            self.refused = refused
            self.unread = unread
        }
    }

    /// The counts since the boot.
    package struct Counters: Sendable, Equatable, Codable {
        package var passes = 0
        package var failedPasses = 0
        /// The number of changes of each part; also of parts that the last pass did not have.
        package var changes: [String: Int] = [:]
        package var apiCalls = 0
        package var apiThrottles = 0
        /// The number of departures by their outcomes; a status of an older version has none.
        package var departures: [String: Int]?
    }

    package static let currentFormat = 1

    /// The form of the file; the first versions wrote none, which is the same as 1.
    package var format: Int? = currentFormat
    package var version = AgentVersion.current
    package var role = RoleName.relay.rawValue
    /// The relayhost of a sender.
    package var relayhost: String?
    // A sender knows of no instance.
    package var instanceID: String?
    package var address: String?
    package var publicAddress: String?
    /// The public address's name in DNS, where it leads back to it.
    package var publicName: String?
    package var availabilityZone: String?
    package var vpcID: String?
    package var networks: [String]?
    package var operatingSystem = ""
    /// The resident agent's process, if there is one.
    package var agent: Int32?
    package var parts: [Part] = []
    package var services: [Service] = []
    package var probes: [ProbeReport] = []
    package var queue: PostfixQueue.Counts?
    /// When the queue was counted, in seconds since 1970.
    package var queueCountedAt: Int?
    /// The counts of the signer; `nil` where mail is neither signed nor checked.
    package var signer: SignerCounts?
    package var memberships: [MembershipReport] = []
    package var lastPass: Pass?
    /// Seconds since 1970.
    package var lastSuccessAt: Int?
    package var nextPassAt: Int?
    /// The last few, the newest first.
    package var failures: [Failure] = []
    package var drain: DrainOrder?
    package var counters = Counters()
    /// `nil` where the settings name none.
    package var fleet: Fleet?

    package init() {}
}
