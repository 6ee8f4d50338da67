/// A configuration file without what the agent has put into it, but with what others have.
package struct Restoration: Sendable, Equatable {
    package let text: String
    /// Whether somebody has edited what was the agent's, so that it can't be told whose it is: the file as it is needs a copy.
    package let isUnclear: Bool

    package init(text: String, isUnclear: Bool = false) {
        self.text = text
        self.isUnclear = isUnclear
    }

    /// main.cf with the agent's parts and parameters as they were before.
    ///
    /// - Parameters:
    ///   - original: The file before the agent's first change.
    ///   - written: The file as the agent knew it last; `nil` where it never proved one.
    ///   - isRelay: Whether it is a relay's; a sender's has one parameter of the agent's.
    package init(mainCf current: String, original: String, written: String?, isRelay: Bool) {
        let names = isRelay ? PostfixConfiguration.ownNames : SenderPostfix.ownNames
        let before = MainCf(original)
        let (stripped, known) = (MainCf(current).withoutParts, written.map { MainCf($0).withoutParts })
        let isUnclear = names.contains { name in
            let value = stripped[name]
            return value != before[name] && known.map { value != $0[name] } ?? false
        }
        self.init(stripped.with(names, as: before).text, original, isUnclear: isUnclear)
    }

    /// master.cf without the agent's services, and with those that had to go for them.
    package init(masterCf current: String, original: String, written: String?) {
        let (file, isUnclear) = MasterCf(current).restored(
            to: MasterCf(original),
            knownAs: written.map { MasterCf($0) }
        )
        self.init(file.text, original, isUnclear: isUnclear)
    }

    /// A file that is the agent's from the first line to the last.
    package init(whole current: String, original: String, written: String?) {
        let isOwn = written.map { $0 == current } ?? current.hasPrefix(OwnFile.header)
        self.init(original, original, isUnclear: !isOwn && current != original)
    }

    /// Where nobody has written anything, the file is as it was to the byte.
    private init(_ text: String, _ original: String, isUnclear: Bool) {
        let isSame = text.lineFeedSeparated.sorted() == original.lineFeedSeparated.sorted()
        self.text = isSame ? original : text
        self.isUnclear = isUnclear
    }
}
