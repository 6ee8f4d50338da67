import Facts
import Vocabulary

/// What AWS announces to this instance.
extension Gatherer {
    /// What AWS announces to this instance, for a pass of a scope.
    func notices(_ scope: PassScope, from metadata: MetadataReader) async throws -> InstanceNotices {
        if scope == .host, let before = memory.notices { return before }
        let notices = try await InstanceNotices.read(from: metadata)
        memory.notices = notices
        return notices
    }

    /// What AWS announces, of what can't wait for the next pass; `nil` where that is the same as at the last one.
    ///
    /// It is asked every few seconds, so it tries once, reads metadata as the last pass did, and no settings.
    func urgentNews() async throws -> InstanceNotices? {
        guard let before = memory.notices, let metadata = memory.metadata else { return nil }
        let now = try await InstanceNotices.readUrgent(
            from: metadata.reader(within: .zero),
            isOnDemand: before.isOnDemand
        )
        let isSame =
            now.targetLifecycleState == before.targetLifecycleState && now.spotInterruption == before.spotInterruption
        return isSame ? nil : now
    }

    /// What AWS announces; `nil` where it is no other reason to leave than when that was asked last. It is asked every few
    /// seconds, too.
    func newReasonToLeave() async throws -> InstanceNotices? {
        let known = memory.notices ?? InstanceNotices()
        let metadata = memory.metadata ?? metadata(current())
        let now = try await InstanceNotices.readUrgent(
            from: metadata.reader(within: .zero),
            isOnDemand: known.isOnDemand
        )
        memory.notices = now
        let shutdown = NodeSettings.Shutdown()
        let isSame =
            now.reasonsToLeave(shutdown) == known.reasonsToLeave(shutdown)
            && now.spotInterruption == known.spotInterruption
        return isSame ? nil : now
    }

    /// The time between two looks at what AWS announces.
    ///
    /// A spot interruption leaves two minutes, and AWS advises to ask every five seconds. The end of an on-demand instance is
    /// announced for Auto Scaling alone, whose lifecycle hooks wait for 30 s at least.
    var pauseBetweenLooks: Duration { memory.notices?.isOnDemand == true ? .seconds(10) : .seconds(5) }

    /// Whether AWS has announced, since the pass under way began, that the instance ends or is taken out of service.
    func isToldToEnd() async throws -> Bool {
        try await urgentNews().map { !$0.reasonsToLeave(NodeSettings.Shutdown()).isEmpty } ?? false
    }
}
