import Doctor

extension HelpTopic {
    static let findings = HelpTopic(
        name: "findings",
        abstract: "every finding of the doctor",
        introduction: [
            """
            `smtp-relay-agent doctor` examines the node and shows what it finds. A finding that follows from another one stands \
            below it, and the exit status does not count it. `doctor --metrics` prints the findings that are exported as \
            metrics.
            """
        ],
        columns: FindingRegistry.columns,
        rows: FindingRegistry.rows
    )
}
