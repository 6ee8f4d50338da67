import RelayNode
import Testing

struct TableReferenceTests {
    @Test(arguments: [
        ("hash:/etc/a, regexp:/etc/b", ["hash:/etc/a", "regexp:/etc/b"]), ("/etc/a $b OK", []),
        ("proxy:hash:/etc/a", ["hash:/etc/a"]), ("inline:{a=b, {c = d e}}", ["inline:{a=b, {c = d e}}"]),
        ("pipemap:{hash:/etc/a, unionmap:{proxy:cidr:/etc/b}}", ["hash:/etc/a", "cidr:/etc/b"]), ("pipemap:{", []),
    ])
    func readsTheTablesOfAList(value: String, tables: [String]) {
        #expect(TableReference.all(in: value).map { "\($0)" } == tables)
    }

    @Test func aClosingBraceAloneIsPartOfItsWord() {
        #expect("a} {b, c} d".postfixListWords == ["a}", "{b, c}", "d"])
        #expect("}{a b} c".postfixListWords == ["}{a b}", "c"])
    }

    @Test func findsThePathsElsewhere() {
        let text = """
            # a = hash:/opt/comment
            a = hash:/etc/postfix/a, proxy:hash:/opt/b,inline:{c=http://d} {cidr:/opt/c}
              regexp:/opt/b
            """
        #expect(TableReference.paths(in: text, outside: "/etc/postfix") == ["/opt/b", "/opt/c"])
    }

    @Test(arguments: [
        ("hash:$config_directory/x", "hash:/etc/postfix/x"), ("${b}-$(b)$$", "1-1$"), ("$nothing", nil), ("$a", nil),
        ("${b?c}", nil), ("$b.c", "1.c"),
    ])
    func putsParametersIn(value: String, expanded: String?) {
        #expect(ParameterValues(["a": value, "b": "1"])["a"] == expanded)
    }
}
