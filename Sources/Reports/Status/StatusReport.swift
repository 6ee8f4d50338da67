package import Host
import Vocabulary

/// The node's status, for people and for programs.
package struct StatusReport: Sendable {
    private let reading: StatusReading

    /// `nil` where no pass has written anything down.
    package init?(files: FileSystem) {
        guard let reading = StatusReading(files: files) else { return nil }
        self.init(reading)
    }

    /// The lines for a person where no pass has written anything down.
    package static func linesWithoutPass(width: Int = StatusLayout.usualWidth) -> [String] {
        WrappedText.lines(
            "No pass has run since this host was booted; see 'smtp-relay-agent reconcile'.",
            width: StatusLayout.sensible(width)
        )
    }

    init(_ reading: StatusReading) {
        self.reading = reading
    }

    package var json: String {
        ((try? reading.status.indentedJSON()) ?? "{}") + "\n"
    }

    /// The lines for a person: how the node is, and then everything that is known.
    ///
    /// - Parameters:
    ///   - width: The columns that a line may have.
    ///   - colours: Whether a terminal shows colours.
    package func lines(width: Int = StatusLayout.usualWidth, colours: Bool = false) -> [String] {
        let layout = StatusLayout(width: width, colours: colours)
        return layout.lines(of: NodeSummary(reading)) + layout.lines(of: StatusRows(reading).sections)
    }
}
