import CLinux

/// The memory of this very program.
package enum ProgramMemory {
    /// Lets go of code that is not needed for a while. A statically linked program carries all it could ever do, and the
    /// kernel brings in sixteen pages wherever one is touched.
    package static func letGoOfCode() { clinux_let_go_of_program_pages() }
}
