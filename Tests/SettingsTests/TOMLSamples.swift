/// Texts for each rule of TOML 1.0.
enum TOMLSamples {
    /// A text, and what it means, as an inline table.
    static let valid: [(String, String)] =
        documents + tables + (strings + scalars).map { ("v = \($0)", "{ v = \($1) }") }

    private static let documents: [(String, String)] = [
        ("", "{}"), ("\u{FEFF}", "{}"), ("# only a comment \u{1F600}\twith a tab", "{}"), (" \t\r\n\n  # x\r\n", "{}"),
        ("\u{FEFF}[mail]\r\ndomain = \"example.com\"\r\n", "{ mail = { domain = \"example.com\" } }"),
        ("a=1", "{ a = 1 }"), ("\ta\t=\t1\t# x\n", "{ a = 1 }"),
        ("1.2 = 3\n-_ = 4\ntrue = 5", "{ 1 = { 2 = 3 }, -_ = 4, true = 5 }"),
        ("\"\" = 1\n'a.b' . \"\\u00e4\" = 2", "{ \"\" = 1, \"a.b\" = { \"ä\" = 2 } }"),
        // Two keys, though the texts mean the same.
        ("\"\u{E9}\" = 1\n\"e\u{301}\" = 2", "{ \"\u{E9}\" = 1, \"e\u{301}\" = 2 }"),
    ]

    private static let strings: [(String, String)] = [
        (#""""#, #""""#), (#""a\"\\\b\t\n\f\r\u00e4\U0001F600""#, #""a\"\\\u0008\t\n\u000C\rä😀""#),
        (#"'C:\x "y"'"#, #""C:\\x \"y\"""#), ("\"a\tb\"", #""a\tb""#), ("''", #""""#),
        ("\"\"\"\na\r\nb\"\"\"", #""a\nb""#), ("\"\"\"a \\\n \t\r\n  b\"\"\"", #""a b""#),
        ("\"\"\"\"\"a\"\"b\"\"\"\"\"", #""\"\"a\"\"b\"\"""#), ("\"\"\"\"\"\"", #""""#),
        ("''''a''b'''''", #""'a''b''""#),
        ("'''\n\\u00e4\n'''", #""\\u00e4\n""#), ("\"# no comment\" # one", "\"# no comment\""),
    ]

    private static let scalars: [(String, String)] = [
        ("0", "0"), ("+0", "0"), ("-0", "0"), ("+1_000", "1000"), ("-17", "-17"), ("0xDead_beef", "3735928559"),
        ("0o755", "493"), ("0b1101_0110", "214"), ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"), ("1.5", "1.5"), ("-0.0", "-0.0"), ("+3e2", "300.0"),
        ("6.626_1E-3_4", "6.6261e-34"), ("1e06", "1000000.0"), ("inf", "inf"), ("-inf", "-inf"), ("+inf", "inf"),
        ("nan", "nan"), ("-nan", "nan"), ("true", "true"), ("false", "false"),
        ("1979-05-27T07:32:00Z", "1979-05-27T07:32:00Z"),
        ("1979-05-27 00:32:00.999999-07:00", "1979-05-27T00:32:00.999999-07:00"),
        ("1979-05-27t07:32:00z", "1979-05-27T07:32:00Z"), ("1979-05-27T07:32:00", "1979-05-27T07:32:00"),
        ("2024-02-29 # a leap year", "2024-02-29"), ("2000-02-29", "2000-02-29"), ("1979-05-27 ", "1979-05-27"),
        ("07:32:00.5", "07:32:00.5"), ("23:59:60", "23:59:60"),
        ("[]", "[]"), ("[ 1, 'a', [2.5], { b = 3 }, ]", "[1, \"a\", [2.5], { b = 3 }]"),
        ("[ # one\n  1 # two\n  , # three\r\n\n 2\n]", "[1, 2]"), ("[1979-05-27 07:32:00]", "[1979-05-27T07:32:00]"),
        ("{}", "{}"), ("{ }", "{}"), ("{a=1,b.c=2 , b.d = {e=3}}", "{ a = 1, b = { c = 2, d = { e = 3 } } }"),
        ("[{}, {}]", "[{}, {}]"), ("{ a = [\n1\n] }", "{ a = [1] }"),
    ]

    private static let tables: [(String, String)] = [
        ("[a]\nb = 1\n[c]\n[a.d]", "{ a = { b = 1, d = {} }, c = {} }"),
        ("[ a . \"b c\" ] # x\nd = 1", "{ a = { \"b c\" = { d = 1 } } }"),
        ("[a.b]\nx = 1\n[a]\ny = 2", "{ a = { b = { x = 1 }, y = 2 } }"),
        ("a.b.c = 1\na.d = 2\n[a.e]\nf = 3", "{ a = { b = { c = 1 }, d = 2, e = { f = 3 } } }"),
        ("[a]\nb.c = 1\n[a.b.d]\ne = 2", "{ a = { b = { c = 1, d = { e = 2 } } } }"),
        (
            "[[a]]\nb = 1\n[a.c]\nd = 2\n[[a.e]]\n[[a]]\n[[a.e]]\nf = 3",
            "{ a = [{ b = 1, c = { d = 2 }, e = [{}] }, { e = [{ f = 3 }] }] }"
        ),
        ("[a.b.c]\n[a]\nb.d = 1\nb.e = 2", "{ a = { b = { c = {}, d = 1, e = 2 } } }"),
        ("[[a.b]]\n[a]\nc = 1", "{ a = { b = [{}], c = 1 } }"), ("[[ 'a' ]]", "{ a = [{}] }"),
    ]

    /// A text, and the place and the words of its error.
    static let invalid: [(String, String)] = lines + texts + words + structure

    private static let lines: [(String, String)] = [
        ("= 1", "1:1 '=' stands where a key should"), ("a. = 1", "1:4 '=' stands where a key should"),
        ("ä = 1", "1:1 'ä' (U+00E4) stands where a key should"),
        ("\"\"\"a\"\"\" = 1", "1:1 a text of several lines stands where a key should"),
        ("\u{3000}a = 1", "1:1 '\u{3000}' (U+3000) stands where a key should"),
        ("\u{FEFF}\u{FEFF}", "1:1 '\u{FEFF}' (U+FEFF) stands where a key should"),
        ("a", "1:2 the end of the file stands where '=' should"),
        ("a\n= 1", "1:2 the end of the line stands where '=' should"),
        ("a b = 1", "1:3 'b' stands where '=' should"),
        ("a =\n1", "1:4 the end of the line stands where a value should"),
        ("a = # x", "1:5 '#' stands where a value should"),
        ("a = 1 b = 2", "1:7 'b' stands where the line should end"),
        ("[a] b = 1", "1:5 'b' stands where the line should end"),
        ("a = 'b' 'c'", "1:9 ''' stands where the line should end"),
        ("a = []]", "1:7 ']' stands where the line should end"),
        ("# \u{01}", "1:3 the control character U+0001 is not allowed"),
        ("a = 1\r", "1:6 the control character U+000D is not allowed"),
        ("a = \u{0B}", "1:5 the control character U+000B is not allowed"),
        ("\0a\0=\0001", "1:1 the control character U+0000 is not allowed"),
    ]

    private static let texts: [(String, String)] = [
        ("a = \"b", "1:5 the text that begins here has no end"),
        ("a = 'b\n'", "1:5 the text that begins here has no end"),
        ("a = \"\\", "1:6 '\\' is not an escape in TOML"),
        ("\na = \"\"\"b\n\"\"", "2:5 the text that begins here has no end"),
        ("a = '''", "1:5 the text that begins here has no end"),
        ("a = \"\"\"b\"\"\"\"\"\"", "1:14 '\"' stands where the line should end"),
        ("a = \"ä\\x41\"", "1:7 '\\x' is not an escape in TOML"),
        ("a = \"\"\"\\ b\"\"\"", "1:8 '\\' is not an escape in TOML"),
        ("a = \"\\u12\"", "1:6 '\\u12' is not a character"),
        ("a = \"\\uD800\"", "1:6 '\\uD800' is not a character"),
        ("a = \"\\U00110000\"", "1:6 '\\U00110000' is not a character"),
        ("a = '\u{7F}'", "1:6 the control character U+007F is not allowed"),
        ("a = \"\r\"", "1:6 the control character U+000D is not allowed"),
    ]

    private static let words: [(String, String)] =
        [
            "example.com", "10.0.0.0/8", "1__0", "_1", "1_", "1.", ".5", "1.e5", "1e", "1e5.5", "--1", "+0x1", "0x",
            "0xg",
            "0b2", "0o8", "0x_1", "0XA", "infinity", "+true", "tru", "1979-5-27", "1979-02-29", "1900-02-29",
            "1979-13-01",
            "1979-04-31", "1979-05-27T", "1979-05-27T07:32", "1979-05-27T24:00:00", "1979-05-27T07:60:00Z", "07:32:61",
            "07:32:00.", "07:32:00Z", "1979-05-27T07:32:00+24:00", "1979-05-27T07:32:00+0100", "12:3x", "٣",
        ].map { ("a = \($0)", "1:5 '\($0)' is not a number, a date, true or false") } + [
            ("a = True", "1:5 'True' is not a number, a date, true or false"),
            ("a = “b”", "1:5 '“b”' is not a number, a date, true or false"),
            ("a = 007", "1:5 the number 007 begins with 0"),
            ("a = -01.5", "1:5 the number -01.5 begins with 0"),
            ("a = 9223372036854775808", "1:5 the number 9223372036854775808 does not fit into 64 bits"),
            ("a = 0x8000000000000000", "1:5 the number 0x8000000000000000 does not fit into 64 bits"),
        ]

    private static let structure: [(String, String)] = [
        ("[", "1:2 a table's name is missing after '['"), ("[]", "1:2 a table's name is missing after '['"),
        ("[[ ]]", "1:4 a table's name is missing after '[['"),
        ("[a", "1:3 the end of the file stands where ']' should"),
        ("[[a] ]", "1:4 ']' stands where ']]' should"),
        ("[a.]", "1:4 ']' stands where a key should"),
        ("a = [1 2]", "1:8 '2' stands where the array should go on or end"),
        ("a = [1,,]", "1:8 ',' stands where a value should"),
        ("a = [1\n", "2:1 the end of the file stands where the array should go on or end"),
        ("a = [1,\n", "2:1 the end of the file stands where the array should go on or end"),
        ("a = {b = 1 c = 2}", "1:12 'c' stands where the table should go on or end"),
        ("a = {b = 1,}", "1:12 '}' stands where a key should"),
        ("a = {b = 1,\nc = 2}", "1:12 the table in braces does not end on its line"),
        ("a = { # x\n}", "1:7 the table in braces does not end on its line"),
        ("a = 1\n\na = 2", "3:1 a is already set in line 1"),
        ("a = 1\n'a' = 2", "2:1 a is already set in line 1"),
        ("a = {b = 1, b = 2}", "1:13 b is already set in line 1"),
        ("[a]\n[a]", "2:1 [a] is already set in line 1"),
        ("a.b = 1\n[a]", "2:1 [a] is already set in line 1"),
        ("[a.b.c]\n[a]\nb.d = 1\n[a.b]", "4:1 [a.b] is already set in line 1"),
        ("[[a]]\n[a]", "2:1 [a] is already set in line 1"),
        ("[a]\n[[a]]", "2:1 [[a]] is already set in line 1"),
        ("a = [{}]\n[[a]]", "2:1 [[a]] is already set in line 1"),
        ("[a.b]\n[a]\nb.c = 1", "3:1 the table b is already set in line 1"),
        ("[[a.b]]\n[a]\nb.c = 1", "3:1 the table b is already set in line 1"),
        ("a = {}\na.b = 1", "2:1 the table a is already set in line 1"),
        ("a = {b = {}}\n[a.b.c]", "2:1 the table a is already set in line 1"),
        ("a = 1\na.b = 2", "2:1 a is a value in line 1, so it has no keys"),
        ("a = [{}]\n[a.b]", "2:1 a is a value in line 1, so it has no keys"),
    ]
}
