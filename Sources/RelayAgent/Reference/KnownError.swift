/// An error or a log line that operators see often, by words that stand in it.
///
/// A test finds these words in the sources, so a reworded error and its row change together.
struct KnownError {
    /// Words of the line. Three dots stand for words that differ.
    let words: String
    let cause: String
    let cure: String

    init(_ words: String, _ cause: String, _ cure: String) {
        self.words = words
        self.cause = cause
        self.cure = cure
    }

    static let all =
        ofSettings + ofPackages + ofFiles + ofSenders + ofHealth + ofSigner + ofMembership + ofLaunch
}
