import SystemPackage

/// The description of a service in the comments at the head of its script in /etc/init.d, by the words that scripts of
/// the RPM distributions use beside chkconfig(8)'s own.
struct ScriptHeader {
    /// The name of the main process.
    let processName: String?
    /// The file with the number of the main process.
    let processFile: FilePath?
    /// The file that is there while a service without a process of its own is started.
    let lockFile: FilePath?

    init(_ script: String) {
        var words: [Substring: String] = [:]
        for line in script.split(separator: "\n") where line.hasPrefix("# ") {
            let pair = line.dropFirst(2).split(separator: ":", maxSplits: 1)
            guard pair.count == 2, words[pair[0]] == nil else { continue }
            words[pair[0]] = pair[1].split(separator: " ").first.map(String.init)
        }
        self.processName = words["processname"]
        self.processFile = words["pidfile"].map { FilePath($0) }
        self.lockFile = words["lockfile"].map { FilePath($0) }
    }
}
