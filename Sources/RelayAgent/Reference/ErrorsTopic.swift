extension HelpTopic {
    static let errors = HelpTopic(
        name: "errors",
        abstract: "exit statuses, the log's form, and what the agent's errors mean",
        introduction: [
            """
            Run `smtp-relay-agent doctor` first: it says what is wrong and how to cure it. Then look for the words of the \
            error below. Three dots stand for words that differ.
            """,
            """
            A line of the log names the step and says what was tried, what came back, and what to do. `--log-format` selects \
            `plain`, `terminal` or `json`. The journal has one entry for each line.
            """,
            """
            Exit statuses: every command ends with 0 if it succeeded, with 1 if it did not, and with 64 if it was called \
            wrongly. `plan`, and `reconcile --detailed-exit-status`, end with 2 if there were changes. `doctor` ends with 2 for \
            warnings and with 3 for something critical.
            """,
        ],
        columns: ["words in the log", "what it means", "what to do"],
        rows: KnownError.all.map { ["`\($0.words)`", $0.cause, $0.cure] }
    )
}
