import CLinux

/// The memory of this very program.
package enum ProgramMemory {
    /// Frees the memory of code that is not needed for a while. A statically linked program holds all its code, and the
    /// kernel reads in sixteen pages around each one that is touched.
    package static func letGoOfCode() { clinux_let_go_of_program_pages() }
}
