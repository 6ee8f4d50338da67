import Host
import Reports
import Vocabulary

/// Has the doctor look every few minutes at what costs little, for the metrics.
struct FindingWatch: Sendable {
    private let doctor: HostDoctor
    private let host: HostAccess

    /// The first pass has put right by then what it can.
    private static let firstPause: Duration = .seconds(20)
    private static let interval: Duration = .seconds(120)

    init(doctor: HostDoctor, host: HostAccess) {
        self.doctor = doctor
        self.host = host
    }

    /// Looks until its task is cancelled.
    func run() async {
        try? await Task.sleep(for: Self.firstPause)
        while !Task.isCancelled {
            let found = await doctor.glance().exported
            // Findings are no reason to let the agent end, so a file that can't be written is left out.
            try? FoundFile(files: host.files).write(found)
            try? MetricsFile(files: host.files).write(now: Timestamp.seconds)
            ProgramMemory.letGoOfCode()
            try? await Task.sleep(for: Self.interval)
        }
    }
}
