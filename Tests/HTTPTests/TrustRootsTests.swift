import Testing

@testable import HTTP

@Suite struct TrustRootsTests {
    @Test(arguments: TrustRoots.systemBundles)
    func findsTheSystemsBundle(path: String) {
        #expect(TrustRoots.systemBundle { $0 == path } == path)
    }

    @Test func leavesItToTheLibraryWhereThereIsNone() {
        #expect(TrustRoots.systemBundle { _ in false } == nil)
    }
}
