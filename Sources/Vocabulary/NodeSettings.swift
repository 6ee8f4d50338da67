/// The operator's settings for this node: every value parsed, every default filled in.
package struct NodeSettings: Sendable, Equatable {
    package var mail: Mail
    package var health: Health
    package var loadBalancer: LoadBalancer
    package var metadata: Metadata
    package var packages: Packages
    package var reconcile: Reconcile
    package var shutdown: Shutdown
    package var launch: Launch
    /// `auto_scaling.termination_hook`: the lifecycle hook whose action the node completes when it has left; `nil` where
    /// none is to be completed, since a group's hooks may belong to others.
    package var terminationHook: LifecycleHookName?
    package var cloudWatch: CloudWatchSettings

    package init(
        mail: Mail,
        health: Health,
        loadBalancer: LoadBalancer,
        metadata: Metadata,
        packages: Packages,
        reconcile: Reconcile = Reconcile(),
        shutdown: Shutdown = Shutdown(),
        launch: Launch = Launch(),
        terminationHook: LifecycleHookName? = nil,
        cloudWatch: CloudWatchSettings = CloudWatchSettings()
    ) {
        self.mail = mail
        self.health = health
        self.loadBalancer = loadBalancer
        self.metadata = metadata
        self.packages = packages
        self.reconcile = reconcile
        self.shutdown = shutdown
        self.launch = launch
        self.terminationHook = terminationHook
        self.cloudWatch = cloudWatch
    }

    /// `[health]`: what nginx answers the load balancer's health check with.
    package struct Health: Sendable, Equatable {
        package var port: UInt16
        package var path: HealthPath
        /// The port for health checks that begin with a header of the PROXY protocol; `nil` for the port of the others.
        package var proxyPort: UInt16?

        package init(port: UInt16 = 80, path: HealthPath = .standard, proxyPort: UInt16? = nil) {
            self.port = port
            self.path = path
            self.proxyPort = proxyPort
        }
    }

    /// `[load_balancer]`: where the node registers itself.
    package struct LoadBalancer: Sendable, Equatable {
        /// Classic load balancers, by name.
        package var classic: [ClassicLoadBalancerName]
        /// Target groups of network load balancers.
        package var targetGroups: [TargetGroupARN]
        /// Join, and stay, even where the load balancer hides the senders' addresses while it is open to the world.
        package var allowOpenToWorld: Bool
        /// The time to wait in all for the load balancer to call the node in service.
        package var timeout: Duration

        package init(
            classic: [ClassicLoadBalancerName] = [],
            targetGroups: [TargetGroupARN] = [],
            allowOpenToWorld: Bool = false,
            timeout: Duration = .seconds(300)
        ) {
            self.classic = classic
            self.targetGroups = targetGroups
            self.allowOpenToWorld = allowOpenToWorld
            self.timeout = timeout
        }

        /// The number of load balancers that are asked about this node.
        package var count: Int { classic.count + targetGroups.count }
    }

    /// `[metadata]`: how instance metadata is read.
    package struct Metadata: Sendable, Equatable {
        /// Whether version 1, without a token, may be used where version 2 does not answer.
        package var allowVersion1: Bool
        /// The time to wait in all for metadata that comes up late.
        package var timeout: Duration

        package init(allowVersion1: Bool = false, timeout: Duration = .seconds(120)) {
            self.allowVersion1 = allowVersion1
            self.timeout = timeout
        }
    }

    /// `[reconcile]`: when the node is looked at again.
    package struct Reconcile: Sendable, Equatable {
        /// The interval for each load balancer, where none is set: each is asked in each pass, and a node is to make no
        /// more than one call of AWS's APIs a minute.
        package static let standardInterval: Duration = .seconds(60)

        /// The interval where none is set. Where the fleet's settings are read as well, it leaves room for that call.
        package static func interval(loadBalancers: Int, fleet: FleetSettings?) -> Duration {
            let alone = standardInterval * max(1, loadBalancers)
            guard let fleet, loadBalancers > 0 else { return alone }
            // Readings that come more often than every two minutes were asked for, and are let be.
            let reading = max(fleet.interval.components.seconds, 120)
            // Rounded up to whole seconds.
            return .seconds((alone.components.seconds * reading + reading - 61) / (reading - 60))
        }

        /// Whether the agent stays resident; a timer starts its passes otherwise.
        package var resident: Bool
        /// The time from the end of a pass to the start of the next, where nothing calls for one earlier.
        package var interval: Duration
        /// The largest random time that is added to the interval, so that a fleet's passes don't come at one time.
        package var jitter: Duration

        package init(
            resident: Bool = true,
            interval: Duration = Self.standardInterval,
            jitter: Duration = .seconds(15)
        ) {
            self.resident = resident
            self.interval = interval
            self.jitter = jitter
        }
    }

    /// `[shutdown]`: how the node leaves.
    package struct Shutdown: Sendable, Equatable {
        /// The time that leaving may take in all: a spot interruption leaves two minutes.
        package var drainTimeout: Duration
        /// Whether queued mail is handed to the other relays.
        package var evacuateQueue: Bool
        /// Whether a rebalance recommendation makes the node leave, too: it comes often, and may mean nothing.
        package var drainOnRebalance: Bool

        package init(
            drainTimeout: Duration = .seconds(110),
            evacuateQueue: Bool = true,
            drainOnRebalance: Bool = false
        ) {
            self.drainTimeout = drainTimeout
            self.evacuateQueue = evacuateQueue
            self.drainOnRebalance = drainOnRebalance
        }
    }

    /// The lifecycle hook and the stack that wait for the result of `bootstrap`.
    package struct Launch: Sendable, Equatable {
        /// `auto_scaling.launch_hook`: the lifecycle hook whose action is completed, or abandoned.
        package var hook: LifecycleHookName?
        /// `[cloudformation]`: the resource that is signalled.
        package var signal: StackResource?

        package init(hook: LifecycleHookName? = nil, signal: StackResource? = nil) {
            self.hook = hook
            self.signal = signal
        }
    }

    /// `[cloudformation]`: a resource of a stack.
    package struct StackResource: Sendable, Equatable {
        package var stack: StackName
        package var resource: LogicalResourceID

        package init(stack: StackName, resource: LogicalResourceID) {
            self.stack = stack
            self.resource = resource
        }
    }

    /// `[packages]`: how missing packages are installed.
    package struct Packages: Sendable, Equatable {
        /// The time to wait in all for locks, mirrors and the installation itself.
        package var timeout: Duration

        package init(timeout: Duration = .seconds(600)) {
            self.timeout = timeout
        }
    }
}

/// The path of the health check's address: a slash and plain characters, safe to stand in nginx.conf as it is.
package struct HealthPath: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// `/health`.
    package static let standard = HealthPath(unchecked: "/health")
    /// `/metrics`, where Prometheus looks: no health check's.
    package static let metrics = HealthPath(unchecked: "/metrics")

    private init(unchecked text: String) { self.description = text }

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let allowed = text.dropFirst().utf8.allSatisfy {
            $0.isLetterDigitOrHyphen || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/")
        }
        guard text.hasPrefix("/"), text.utf8.count <= 128, allowed, !text.contains("//"), !text.contains("/."),
            !text.hasSuffix("/")
        else {
            throw InvalidValue(text, expected: "a path of letters, digits, '-', '_' and '.', such as /health")
        }
        guard text != Self.metrics.description else {
            throw InvalidValue(text, expected: "another path, such as /health: the metrics are at this one")
        }
        self.description = String(text)
    }
}
