import Reconcile
import Testing

struct UnifiedDiffTests {
    @Test func sameTextsHaveNoDiff() {
        #expect(UnifiedDiff.make(from: "a\nb\n", to: "a\nb\n", path: "/f") == "")
    }

    @Test func aChangedLineHasThreeLinesOfContext() {
        let old = (1...9).map { "line \($0)\n" }.joined()
        let new = old.replacing("line 5", with: "LINE 5")
        let expected = """
            --- /f
            +++ /f
            @@ -2,7 +2,7 @@
             line 2
             line 3
             line 4
            -line 5
            +LINE 5
             line 6
             line 7
             line 8

            """
        #expect(UnifiedDiff.make(from: old, to: new, path: "/f") == expected)
    }

    @Test func aNewFileComesFromDevNull() {
        let expected = "--- /dev/null\n+++ /f\n@@ -0,0 +1,2 @@\n+a\n+b\n"
        #expect(UnifiedDiff.make(from: nil, to: "a\nb\n", path: "/f") == expected)
    }

    @Test func changesFarApartAreHunksOfTheirOwn() {
        let old = (1...30).map { "\($0)\n" }.joined()
        let new = old.replacing("\n2\n", with: "\ntwo\n").replacing("\n29\n", with: "\n")
        let diff = UnifiedDiff.make(from: old, to: new, path: "/f")
        #expect(diff.contains("@@ -1,5 +1,5 @@"))
        #expect(diff.contains("@@ -26,5 +26,4 @@"))
    }

    @Test func aMissingLineEndIsTold() {
        let diff = UnifiedDiff.make(from: "a", to: "a\n", path: "/f")
        #expect(diff.contains("-a\n\\ No newline at end of file\n+a\n"))
    }
}
