/// The judgement of a line, for its colour.
enum Standing {
    case good
    case neutral
    /// It works, but a person should look at it.
    case attention
    case bad

    /// The parameter of SGR (ECMA-48, section 8.3.117); `nil` for the terminal's own colour.
    var colour: Int? {
        switch self {
        case .good: 32
        case .neutral: nil
        case .attention: 33
        case .bad: 31
        }
    }
}
