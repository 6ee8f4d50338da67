/// Text in lines of a certain width: broken at spaces, and within a word that is longer than a line, such as an ARN.
enum WrappedText {
    /// Paths and ARNs are easier to read when a line ends after one of these.
    private static let joints: Set<Character> = ["/", ":", "@"]

    /// - Parameters:
    ///   - width: The columns of the first line.
    ///   - following: Those of each further line, if they are others.
    /// - Returns: One line at least, none with a space at its end.
    static func lines(_ text: String, width: Int, following: Int? = nil) -> [String] {
        var lines: [String] = []
        var line = ""
        var room: Int { lines.isEmpty ? width : following ?? width }
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > room {
                lines.append(line)
                line = ""
            }
            if !line.isEmpty { line += " " }
            var rest = word
            while line.count + rest.count > room {
                let part = beginning(of: rest, room: room - line.count)
                lines.append(line + part)
                line = ""
                rest = rest.dropFirst(part.count)
            }
            line += rest
        }
        return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
    }

    /// As much of a long word as has room: up to a joint, if that fills at least half of the room.
    private static func beginning(of word: Substring, room: Int) -> Substring {
        let part = word.prefix(room)
        guard let joint = part.lastIndex(where: Self.joints.contains) else { return part }
        let upToJoint = part[...joint]
        return upToJoint.count * 2 >= room ? upToJoint : part
    }
}
