/// An instance of Postfix beside the host's own, whose files are in another folder (postmulti(1)).
///
/// The proof tries the doors of the host's own instance; what another one lets in, it does not see.
package struct FurtherInstance: Sendable {
    package let folder: String
    private let main: MainCf
    private let master: MasterCf

    package init(folder: String, main: String, master: String) {
        self.folder = folder
        self.main = MainCf(main)
        self.master = MasterCf(master)
    }

    /// Its queue_directory, if its main.cf says it in full.
    package var queue: String? {
        main["queue_directory"].flatMap { $0.hasPrefix("/") && !$0.contains("$") ? $0 : nil }
    }

    /// Whether `postfix start` starts it with the others, where multi_instance_directories names it.
    package var isEnabled: Bool { main["multi_instance_enable"]?.lowercased() == "yes" }

    /// The listeners by which other hosts reach it once it runs.
    package var doors: [UnprovableDoor] {
        if isLoopbackOnly || isWithoutListeners { return [] }
        return master.entries.filter { $0.type == "inet" && !Listener($0.service).isLoopback }
            .map { UnprovableDoor(service: $0.service, reason: .instance(folder: folder)) }
    }

    private var isLoopbackOnly: Bool {
        let interfaces = Self.words(main["inet_interfaces"])
        // To Listener, a word without a port would be the port.
        return !interfaces.isEmpty
            && interfaces.allSatisfy { $0 == "loopback-only" || Listener("[\($0.trimmingBrackets)]:25").isLoopback }
    }

    /// Whether the instance has no listeners, as 'postmulti -e create' makes one.
    private var isWithoutListeners: Bool { Self.words(main["master_service_disable"]).contains("inet") }

    private static func words(_ value: String?) -> [String] {
        (value ?? "").split { $0 == "," || $0.isWhitespace }.map { $0.lowercased() }
    }
}

extension String {
    fileprivate var trimmingBrackets: String { filter { $0 != "[" && $0 != "]" } }
}
