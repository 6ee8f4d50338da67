package import SystemPackage

/// The end of a path, with every link on the way followed.
package struct ResolvedPath: Sendable, Equatable {
    /// The place itself: no part of it is a link.
    package let location: FilePath
    /// The links on the way, each by its own place.
    package let links: [FilePath]
}

extension FileSystem {
    /// Follows the links of a path, also where nothing stands at its end; `nil` where they go in a circle.
    package func resolve(_ path: FilePath) -> ResolvedPath? {
        var location: FilePath = "/"
        var links: [FilePath] = []
        var rest = Array(path.components.map(\.string).reversed())
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                location.removeLastComponent()
                continue
            }
            let next = location.appending(name)
            guard let target = linkTarget(of: next) else {
                location = next
                continue
            }
            links.append(next)
            // The kernel's own limit (path_resolution(7)).
            guard links.count <= 40 else { return nil }
            let path = FilePath(target)
            if path.isAbsolute { location = "/" }
            rest += path.components.map(\.string).reversed()
        }
        return ResolvedPath(location: location, links: links)
    }
}
