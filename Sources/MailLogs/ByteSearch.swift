extension Substring {
    /// The text before a byte of ASCII; all of it where there is none.
    func prefix(before byte: UInt8) -> Substring { self[..<(utf8.firstIndex(of: byte) ?? endIndex)] }

    /// Whether it begins with a text, byte by byte.
    func begins(with text: String) -> Bool { utf8.starts(with: text.utf8) }

    /// The text behind a beginning; `nil` where it begins otherwise.
    func dropping(_ start: String) -> Substring? {
        begins(with: start) ? self[utf8.index(startIndex, offsetBy: start.utf8.count)...] : nil
    }
}

/// Searches by bytes. The standard library compares characters, which costs a busy log's follower a hundred times as much.
extension StringProtocol {
    /// The first place of a text; an empty text is nowhere.
    func firstPlace(of text: String) -> Range<Index>? {
        let found = utf8.withContiguousStorageIfAvailable { bytes in
            text.utf8.withContiguousStorageIfAvailable { Self.place(of: $0, in: bytes) }
        }
        guard case .some(.some(let offset)) = found else { return slowPlace(of: Array(text.utf8)) }
        guard let start = offset.map({ utf8.index(startIndex, offsetBy: $0) }) else { return nil }
        return start..<utf8.index(start, offsetBy: text.utf8.count)
    }

    /// The last place of a text.
    func lastPlace(of text: String) -> Range<Index>? {
        var last: Range<Index>?
        var rest = startIndex
        while let place = self[rest...].firstPlace(of: text) {
            last = place
            rest = utf8.index(after: place.lowerBound)
        }
        return last
    }

    func has(_ text: String) -> Bool { firstPlace(of: text) != nil }

    private static func place(of wanted: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let first = wanted.first, bytes.count >= wanted.count else { return nil }
        for start in 0...(bytes.count - wanted.count) where bytes[start] == first {
            var index = 1
            while index < wanted.count, bytes[start + index] == wanted[index] { index += 1 }
            if index == wanted.count { return start }
        }
        return nil
    }

    /// A string that came from elsewhere may not keep its bytes in one piece.
    private func slowPlace(of wanted: [UInt8]) -> Range<Index>? {
        guard !wanted.isEmpty else { return nil }
        var start = utf8.startIndex
        while start != utf8.endIndex {
            if utf8[start...].starts(with: wanted) { return start..<utf8.index(start, offsetBy: wanted.count) }
            start = utf8.index(after: start)
        }
        return nil
    }
}
